//! The content of a context: its values, and the parts that only some contexts have.

use core::mem;
use core::num::NonZeroU64;
use core::sync::atomic::{AtomicU64, Ordering};

use super::key::TypedKey;
use super::map::Map;
use super::pool::Pool;
use super::value::{Value, ValueRef};
use super::value_ptr::ValuePtr;
use super::var_id::VarId;

/// The two words of a context, which are swapped when the context becomes current.
pub(crate) struct RawContext {
    map: Map,
    /// Absent in most contexts: no token was created there and no `#[no_inherit]` variable set.
    extra: Option<Box<Extra>>,
}

/// The parts that only some contexts have. They are never shared between contexts.
pub(crate) struct Extra {
    id: Option<ContextId>,
    /// The `#[no_inherit]` variables.
    local: Map,
}

/// Identifies a context in the tokens that were created in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextId(NonZeroU64);

impl ContextId {
    /// Returns an id that no other context has or had.
    #[cold]
    fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let id = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        match NonZeroU64::new(id) {
            Some(id) => Self(id),
            // At one id a nanosecond this takes 584 years.
            None => unreachable!("64 bits are enough for all contexts of a program"),
        }
    }
}

impl Extra {
    const fn new() -> Self {
        Self {
            id: None,
            local: Map::EMPTY,
        }
    }

    #[inline]
    pub(super) fn id(&self) -> Option<ContextId> {
        self.id
    }

    /// Moves copied `#[no_inherit]` variables into the box that a context has for them.
    pub(super) fn with_local(local: Option<Map>) -> Option<Box<Self>> {
        local.map(|local| Box::new(Self { id: None, local }))
    }

    #[inline]
    pub(super) fn local(&self) -> &Map {
        &self.local
    }

    /// Returns `true` if `#[no_inherit]` variables are set, or were set before.
    #[inline]
    pub(super) fn has_local(&self) -> bool {
        !self.local.is_static()
    }

    /// Copies the `#[no_inherit]` variables if some are set.
    pub(super) fn copy_local(&self) -> Option<Map> {
        self.has_local().then(|| self.local.clone())
    }
}

impl RawContext {
    pub(crate) const EMPTY: Self = Self {
        map: Map::EMPTY,
        extra: None,
    };

    #[inline]
    pub(super) fn from_parts(map: Map, extra: Option<Box<Extra>>) -> Self {
        Self { map, extra }
    }

    #[inline]
    pub(super) fn into_parts(self) -> (Map, Option<Box<Extra>>) {
        (self.map, self.extra)
    }

    /// Returns `true` if the context holds only inheritable values.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.is_none()
    }

    /// Returns the value of the variable, for as long as the context is not changed.
    pub(crate) fn get<T>(&self, key: &TypedKey<T>) -> Option<&T> {
        let value = self.get_untyped(key.untyped().id())?;
        // SAFETY: The value was found under the id of a `TypedKey<T>`.
        Some(unsafe { value.get() })
    }

    fn get_untyped(&self, id: VarId) -> Option<ValueRef<'_>> {
        self.map_of(id)?.get(id)
    }

    /// Returns the address of the value, which is valid as long as the value stays in this context.
    pub(super) fn get_ptr(&self, id: VarId) -> Option<ValuePtr> {
        self.map_of(id)?.get_ptr(id)
    }

    /// Returns the map that holds the variable, unless that map is empty.
    fn map_of(&self, id: VarId) -> Option<&Map> {
        if id.is_local() {
            self.extra.as_ref().map(|extra| &extra.local)
        } else {
            Some(&self.map)
        }
    }

    /// Sets the variable's value and returns a reference to the previous one.
    #[inline]
    pub(super) fn set(&mut self, pool: &Pool, id: VarId, value: Option<Value>) -> Option<Value> {
        let map = if id.is_local() {
            &mut self.extra_mut().local
        } else {
            &mut self.map
        };
        map.set(pool, id, value)
    }

    fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_with(|| Box::new(Extra::new()))
    }

    /// Returns the context's id, after assigning one at the first call.
    pub(super) fn id_or_assign(&mut self) -> ContextId {
        *self.extra_mut().id.get_or_insert_with(ContextId::next)
    }

    /// Removes the `#[no_inherit]` values that this context shares with `origin`.
    pub(super) fn remove_locals_of(&mut self, pool: &Pool, origin: &Self) {
        for id in origin.locals() {
            if self.get_ptr(id) == origin.get_ptr(id) {
                drop(self.set(pool, id, None));
            }
        }
    }

    /// Moves in the `#[no_inherit]` values of `origin` for which this context has none.
    pub(super) fn adopt_locals_of(&mut self, pool: &Pool, mut origin: Self) {
        for id in origin.locals() {
            if self.get_ptr(id).is_none() {
                let value = origin.set(pool, id, None);
                drop(self.set(pool, id, value));
            }
        }
    }

    /// Returns the ids of the `#[no_inherit]` variables that are set.
    fn locals(&self) -> Vec<VarId> {
        let mut ids = Vec::new();
        if let Some(extra) = &self.extra {
            extra.local.values(&mut |value| ids.push(value.key().id()));
        }
        ids
    }

    /// Calls `visit` with every value, in no particular order.
    pub(crate) fn values<'a>(&'a self, visit: &mut impl FnMut(ValueRef<'a>)) {
        self.map.values(visit);
        if let Some(extra) = &self.extra {
            extra.local.values(visit);
        }
    }

    /// Moves the content out and leaves an empty context.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        mem::replace(self, Self::EMPTY)
    }
}

impl Clone for RawContext {
    /// Creates a copy with all values, including `#[no_inherit]` variables. The copy does not share the id.
    #[inline]
    fn clone(&self) -> Self {
        let local = self.extra.as_deref().and_then(Extra::copy_local);
        Self {
            map: self.map.clone(),
            extra: Extra::with_local(local),
        }
    }
}
