//! The content of a context: its values, and what only some contexts have.

use core::mem;

use crate::raw::map::Map;
use crate::raw::pool::Pool;
use crate::raw::value::{Value, ValuePtr, ValueRef};
use crate::var::LOCAL;

/// What is swapped when a context becomes current: two words.
pub(crate) struct State {
    inherited: Map,
    /// Absent in most contexts: no token was made there and no `#[no_inherit]` variable set.
    rest: Option<Box<Rest>>,
}

/// Never shared between contexts.
pub(crate) struct Rest {
    /// What tokens compare; 0 while none was made here.
    identity: u64,
    /// The `#[no_inherit]` variables.
    local: Map,
}

impl Rest {
    /// The number of the context, or 0 if none was made.
    #[inline]
    pub(crate) fn identity(&self) -> u64 {
        self.identity
    }
}

impl State {
    pub(crate) const EMPTY: Self = Self {
        inherited: Map::EMPTY,
        rest: None,
    };

    pub(crate) fn get(&self, number: u32) -> Option<ValuePtr> {
        if number & LOCAL == 0 {
            self.inherited.get(number)
        } else {
            self.rest.as_ref()?.local.get(number & !LOCAL)
        }
    }

    /// The value under `number`, for as long as the state is not changed.
    pub(crate) fn look(&self, number: u32) -> Option<ValueRef<'_>> {
        if number & LOCAL == 0 {
            self.inherited.look(number)
        } else {
            self.rest.as_ref()?.local.look(number & !LOCAL)
        }
    }

    /// Puts `value` under `number` and returns the reference that stood there.
    #[inline]
    pub(crate) fn replace(
        &mut self,
        pool: &Pool,
        number: u32,
        value: Option<Value>,
    ) -> Option<Value> {
        if number & LOCAL == 0 {
            self.inherited.replace(pool, number, value)
        } else {
            self.rest().local.replace(pool, number & !LOCAL, value)
        }
    }

    /// A copy with everything in it and an identity of its own.
    #[inline]
    pub(crate) fn copy(&self) -> Self {
        self.copy_with(self.inherited.clone())
    }

    /// A copy for which the caller has copied the inherited values.
    #[inline]
    pub(crate) fn copy_with(&self, inherited: Map) -> Self {
        Self {
            inherited,
            rest: self.copy_of_rest(),
        }
    }

    #[inline]
    pub(crate) fn inherited(&self) -> &Map {
        &self.inherited
    }

    /// Whether the inherited values are all there is.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.rest.is_none()
    }

    #[inline]
    pub(crate) fn from_parts(inherited: Map, rest: Option<Box<Rest>>) -> Self {
        Self { inherited, rest }
    }

    #[inline]
    pub(crate) fn into_parts(self) -> (Map, Option<Box<Rest>>) {
        (self.inherited, self.rest)
    }

    #[inline]
    fn copy_of_rest(&self) -> Option<Box<Rest>> {
        let rest = self.rest.as_ref().filter(|rest| !rest.local.is_static())?;
        Some(Box::new(Rest {
            identity: 0,
            local: rest.local.clone(),
        }))
    }

    /// The number that no other context has, which becomes `new` if there is none yet.
    pub(crate) fn identity(&mut self, new: u64) -> u64 {
        let rest = self.rest();
        if rest.identity == 0 {
            rest.identity = new;
        }
        rest.identity
    }

    /// Takes away the `#[no_inherit]` values that it has from `origin`.
    pub(crate) fn leave_locals(&mut self, pool: &Pool, origin: &Self) {
        for number in origin.locals() {
            if self.get(number) == origin.get(number) {
                drop(self.replace(pool, number, None));
            }
        }
    }

    /// Takes over the `#[no_inherit]` values of `origin` for which it has none.
    pub(crate) fn take_locals(&mut self, pool: &Pool, mut origin: Self) {
        for number in origin.locals() {
            if self.get(number).is_none() {
                let value = origin.replace(pool, number, None);
                drop(self.replace(pool, number, value));
            }
        }
    }

    /// The numbers of the `#[no_inherit]` variables that are set.
    fn locals(&self) -> Vec<u32> {
        let mut numbers = Vec::new();
        if let Some(rest) = &self.rest {
            rest.local
                .values(&mut |value| numbers.push(value.info().number()));
        }
        numbers
    }

    fn rest(&mut self) -> &mut Rest {
        self.rest.get_or_insert_with(|| {
            Box::new(Rest {
                identity: 0,
                local: Map::EMPTY,
            })
        })
    }

    /// Calls `visit` with every value, in no order that means anything.
    pub(crate) fn values<'a>(&'a self, visit: &mut impl FnMut(ValueRef<'a>)) {
        self.inherited.values(visit);
        if let Some(rest) = &self.rest {
            rest.local.values(visit);
        }
    }

    /// Moves the content out and leaves an empty context.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::EMPTY)
    }
}
