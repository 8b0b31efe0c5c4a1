//! The values of the sixteenth variable and later ones: a persistent tree with sixteen branches.
//!
//! Snapshots share a tree. A tree that is not shared is changed in place, and one path of a shared
//! tree is copied. `Arc::make_mut` does both.

use std::sync::Arc;

use crate::raw::value::Value;

const BITS: u32 = 4;
const WIDTH: usize = 1 << BITS;

#[derive(Clone)]
pub(super) struct Tree {
    /// The number of levels above the leaves.
    height: u32,
    root: Arc<Branch>,
}

#[derive(Clone)]
enum Branch {
    Leaf([Option<Value>; WIDTH]),
    Inner([Option<Arc<Branch>>; WIDTH]),
}

/// Returns the branch that leads to `index`, `level` levels above the leaves.
fn branch(index: usize, level: u32) -> usize {
    (index >> (BITS * level)) % WIDTH
}

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            height: 0,
            root: Arc::new(Branch::empty(0)),
        }
    }

    /// Returns `true` if the tree is high enough for `index`.
    fn holds(&self, index: usize) -> bool {
        index.checked_shr(BITS * (self.height + 1)).unwrap_or(0) == 0
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        if !self.holds(index) {
            return None;
        }
        let mut node = &*self.root;
        let mut level = self.height;
        loop {
            match node {
                Branch::Leaf(values) => return values[branch(index, 0)].as_ref(),
                Branch::Inner(branches) => node = branches[branch(index, level)].as_deref()?,
            }
            level -= 1;
        }
    }

    /// Sets the value at `index` and returns the previous one.
    pub(super) fn set(&mut self, index: usize, value: Option<Value>) -> Option<Value> {
        while !self.holds(index) {
            self.grow();
        }
        let mut node = Arc::make_mut(&mut self.root);
        let mut level = self.height;
        loop {
            match node {
                Branch::Leaf(values) => {
                    return core::mem::replace(&mut values[branch(index, 0)], value);
                }
                Branch::Inner(branches) => {
                    level -= 1;
                    let next = branches[branch(index, level + 1)]
                        .get_or_insert_with(|| Arc::new(Branch::empty(level)));
                    node = Arc::make_mut(next);
                }
            }
        }
    }

    /// Adds a level: a new root, whose first branch is the old one.
    fn grow(&mut self) {
        self.height += 1;
        let mut branches = [const { None }; WIDTH];
        branches[0] = Some(self.root.clone());
        self.root = Arc::new(Branch::Inner(branches));
    }

    /// Calls `visit` with every value.
    pub(super) fn values(&self, visit: &mut impl FnMut(&Value)) {
        self.root.values(visit);
    }
}

impl Branch {
    fn empty(level: u32) -> Self {
        match level {
            0 => Self::Leaf([const { None }; WIDTH]),
            _ => Self::Inner([const { None }; WIDTH]),
        }
    }

    /// Calls `visit` with every value. The recursion is as deep as the tree is high.
    fn values(&self, visit: &mut impl FnMut(&Value)) {
        match self {
            Self::Leaf(values) => {
                for value in values.iter().flatten() {
                    visit(value);
                }
            }
            Self::Inner(branches) => {
                for branch in branches.iter().flatten() {
                    branch.values(visit);
                }
            }
        }
    }
}
