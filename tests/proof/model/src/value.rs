//! The values of the programs' variables: numbered, counted, and up to something when dropped.

use std::sync::Arc;

use crate::ledger::{Event, Ledger};

/// The code that a value runs when it is dropped or cloned. Variables are those of the program, modulo their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    Nothing,
    /// Its `Drop` reads a variable.
    Read(u16),
    /// Its `Drop` sets a variable and drops the token.
    Set(u16),
    /// Its `Drop` opens a scope of a variable and reads it there.
    Scope(u16),
    /// Its `Drop` takes a copy of the current context and counts its entries.
    Copy,
    /// Its `Drop` panics.
    Panic,
    /// Its `Drop` panics, unless the thread does already.
    PanicOnce,
    /// Its `Clone` panics.
    PanicOnClone,
}

/// The payload of a panic on purpose.
pub struct Thrown;

/// Panics without a word on the terminal.
pub fn throw() -> ! {
    std::panic::resume_unwind(Box::new(Thrown))
}

/// A value to be made.
#[derive(Clone)]
pub struct Spec {
    pub ledger: Arc<Ledger>,
    pub id: u64,
    pub hook: Hook,
}

impl Spec {
    pub fn new(ledger: &Arc<Ledger>, hook: Hook) -> Self {
        Self {
            ledger: ledger.clone(),
            id: ledger.born(),
            hook,
        }
    }
}

/// A value; `PAD` chooses where its memory comes from.
pub struct Val<const PAD: usize> {
    inner: Box<Inner>,
    pad: [u8; PAD],
}

struct Inner {
    id: u64,
    hook: Hook,
    /// Absent in a default and in a clone, which are not counted.
    ledger: Option<Arc<Ledger>>,
}

impl<const PAD: usize> Val<PAD> {
    pub fn new(spec: Spec) -> Self {
        Self::with(spec.id, spec.hook, Some(spec.ledger))
    }

    pub fn of_default(id: u64) -> Self {
        Self::with(id, Hook::Nothing, None)
    }

    fn with(id: u64, hook: Hook, ledger: Option<Arc<Ledger>>) -> Self {
        Self {
            inner: Box::new(Inner { id, hook, ledger }),
            pad: [id as u8; PAD],
        }
    }

    /// The number, after a look at all of the value's bytes.
    pub fn id(&self) -> u64 {
        let id = self.inner.id;
        assert!(
            self.pad.iter().all(|&byte| byte == id as u8),
            "value {id} was overwritten"
        );
        id
    }
}

impl<const PAD: usize> Clone for Val<PAD> {
    fn clone(&self) -> Self {
        if self.inner.hook == Hook::PanicOnClone {
            throw();
        }
        Self::with(self.id(), Hook::Nothing, None)
    }
}

impl<const PAD: usize> Drop for Val<PAD> {
    fn drop(&mut self) {
        if let Some(ledger) = self.inner.ledger.clone() {
            ledger.push(Event::Dropped(self.inner.id));
            self.pad.fill(!(self.inner.id as u8));
            ledger.died();
            do_hook(&ledger, self.inner.hook);
        }
    }
}

/// Does what [`Model::hook`](crate::model::Model) expects.
fn do_hook(ledger: &Arc<Ledger>, hook: Hook) {
    match hook {
        Hook::Nothing | Hook::PanicOnClone => {}
        Hook::Read(var) => ledger.push(Event::Saw(ledger.var(var).read())),
        Hook::Set(var) => {
            let spec = Spec::new(ledger, Hook::Nothing);
            ledger.push(Event::Made(spec.id));
            drop(ledger.var(var).set(spec));
        }
        Hook::Scope(var) => {
            let spec = Spec::new(ledger, Hook::Nothing);
            ledger.push(Event::Made(spec.id));
            let var = ledger.var(var);
            var.sync_scope(spec, &mut || ledger.push(Event::Saw(var.read())));
        }
        Hook::Copy => {
            let copy = context_vars::Context::current();
            ledger.push(Event::Copied(copy.len()));
        }
        Hook::Panic => {
            ledger.push(Event::Exploded);
            throw();
        }
        Hook::PanicOnce => {
            if !std::thread::panicking() {
                ledger.push(Event::Exploded);
                throw();
            }
        }
    }
}
