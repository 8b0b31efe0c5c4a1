//! The values of variables past the first fifteen: a persistent tree, sixteen branches a node.
//!
//! A tree is shared by snapshots and changed in place while it is not; `Arc::make_mut` does
//! both, and copies one path when a node is shared.

use std::sync::Arc;

use crate::raw::value::Value;

const BITS: u32 = 4;
const WIDTH: usize = 1 << BITS;

#[derive(Clone)]
pub(crate) struct Tree {
    /// How many levels of branches stand above the leaves.
    height: u32,
    top: Arc<Branch>,
}

#[derive(Clone)]
enum Branch {
    Leaf([Option<Value>; WIDTH]),
    Inner([Option<Arc<Branch>>; WIDTH]),
}

/// Which of a node's sixteen places an index goes through, `level` levels above the leaves.
fn place(index: u32, level: u32) -> usize {
    (index >> (BITS * level)) as usize % WIDTH
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self {
            height: 0,
            top: Arc::new(Branch::empty(0)),
        }
    }

    fn holds(&self, index: u32) -> bool {
        // 32 bits are at most eight levels of four.
        index.checked_shr(BITS * (self.height + 1)).unwrap_or(0) == 0
    }

    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Value> {
        if !self.holds(index) {
            return None;
        }
        let mut branch = &*self.top;
        let mut level = self.height;
        loop {
            match branch {
                Branch::Leaf(values) => return values[place(index, 0)].as_ref(),
                Branch::Inner(branches) => branch = branches[place(index, level)].as_deref()?,
            }
            level -= 1;
        }
    }

    /// Puts `value` at `index` and returns what was there.
    pub(crate) fn replace(&mut self, index: u32, value: Option<Value>) -> Option<Value> {
        while !self.holds(index) {
            self.grow();
        }
        let mut branch = Arc::make_mut(&mut self.top);
        let mut level = self.height;
        loop {
            match branch {
                Branch::Leaf(values) => {
                    return core::mem::replace(&mut values[place(index, 0)], value);
                }
                Branch::Inner(branches) => {
                    level -= 1;
                    let next = branches[place(index, level + 1)]
                        .get_or_insert_with(|| Arc::new(Branch::empty(level)));
                    branch = Arc::make_mut(next);
                }
            }
        }
    }

    /// Puts a node above the top, whose first branch is the old top.
    fn grow(&mut self) {
        self.height += 1;
        let mut branches = [const { None }; WIDTH];
        branches[0] = Some(self.top.clone());
        self.top = Arc::new(Branch::Inner(branches));
    }

    pub(crate) fn values(&self, visit: &mut impl FnMut(&Value)) {
        self.top.values(visit);
    }
}

impl Branch {
    fn empty(level: u32) -> Self {
        match level {
            0 => Self::Leaf([const { None }; WIDTH]),
            _ => Self::Inner([const { None }; WIDTH]),
        }
    }

    /// Calls `visit` with every value; the depth of the recursion is the height of the tree.
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
