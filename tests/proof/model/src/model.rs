//! The model: the meaning of contexts, values and tokens in the simplest form.
//!
//! A context is a map, a copy is a copy of the map, a value is an `Arc` whose last clone puts it
//! into a grave. [`Model::settle`] then asks the ledger in which order the real values were
//! dropped, which is not promised, and does what their hooks did, in that order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::ledger::Ledger;
use crate::value::Hook;
use crate::variables::Variables;

mod attached;
mod threads;
mod drops;

/// A value, as long as it has an owner.
pub struct Value {
    pub id: u64,
    hook: Hook,
    grave: Arc<Grave>,
}

#[derive(Default)]
struct Grave {
    dead: Mutex<VecDeque<(u64, Hook)>>,
    live: AtomicUsize,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.grave.live.fetch_sub(1, Ordering::Relaxed);
        let mut dead = self.grave.dead.lock().expect("nothing panics here");
        dead.push_back((self.id, self.hook));
    }
}

impl Value {
    pub fn panics_on_clone(&self) -> bool {
        self.hook == Hook::PanicOnClone
    }
}

/// A context: its values by the place of their variables, inherited ones apart.
#[derive(Clone, Default)]
pub struct Context {
    identity: u64,
    inherited: BTreeMap<usize, Arc<Value>>,
    local: BTreeMap<usize, Arc<Value>>,
}

impl Context {
    pub fn entry(&self, place: usize) -> Option<&Arc<Value>> {
        let inherited = self.inherited.get(&place);
        inherited.or_else(|| self.local.get(&place))
    }

    /// Sets a variable, or unsets it if there is no value. Returns the value that it had.
    pub fn put(
        &mut self,
        variables: Variables,
        var: u16,
        value: Option<Arc<Value>>,
    ) -> Option<Arc<Value>> {
        let place = variables.place(var);
        let map = match variables.is_inherited(var) {
            true => &mut self.inherited,
            false => &mut self.local,
        };
        match value {
            Some(value) => map.insert(place, value),
            None => map.remove(&place),
        }
    }

    /// The values by place.
    pub fn entries(&self) -> impl Iterator<Item = (usize, u64)> {
        let all = self.inherited.iter().chain(&self.local);
        all.map(|(&place, value)| (place, value.id))
    }

    pub fn len(&self) -> usize {
        self.inherited.len() + self.local.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The state that a `set` remembers.
pub struct Token {
    pub var: u16,
    context: u64,
    pub old: Option<Arc<Value>>,
}

/// A thread: the current context, those around it, and whether it is over.
#[derive(Default)]
struct Thread {
    current: Context,
    outer: Vec<Context>,
    /// The way in which each context except for the root became current, the current one last.
    entries: Vec<Entry>,
    ended: bool,
}

/// The way in which a context became current.
enum Entry {
    /// By a scope, `run` or poll.
    Frame,
    /// By `attach`.
    Attached {
        guard: Guard,
        /// The guard is gone, and the frame right above goes on.
        released: bool,
    },
}

/// The number of a guard.
pub type Guard = u64;

pub struct Model {
    ledger: Arc<Ledger>,
    here: Thread,
    /// The threads that wait for this one to end.
    waiting: Vec<Thread>,
    identities: u64,
    /// The contexts that ended before their guards.
    ended: BTreeMap<Guard, Context>,
    grave: Arc<Grave>,
    /// Values without an owner whose drop was not accounted for yet.
    due: VecDeque<(u64, Hook)>,
    /// `true` if a panic is on its way to the innermost operation around it.
    pub unwinding: bool,
}

impl Model {
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            here: Thread {
                current: Context {
                    identity: 1,
                    ..Context::default()
                },
                ..Thread::default()
            },
            waiting: Vec::new(),
            identities: 1,
            ended: BTreeMap::new(),
            grave: Arc::default(),
            due: VecDeque::new(),
            unwinding: false,
        }
    }

    /// Returns the number of values with an owner.
    pub fn live(&self) -> usize {
        self.grave.live.load(Ordering::Relaxed)
    }

    pub fn value(&self, id: u64, hook: Hook) -> Arc<Value> {
        self.grave.live.fetch_add(1, Ordering::Relaxed);
        Arc::new(Value {
            id,
            hook,
            grave: self.grave.clone(),
        })
    }

    // ---- contexts ----

    fn identity(&mut self) -> u64 {
        self.identities += 1;
        self.identities
    }

    pub fn empty(&mut self) -> Context {
        Context {
            identity: self.identity(),
            ..Context::default()
        }
    }

    /// Returns the context that work inherits.
    pub fn snapshot(&mut self) -> Context {
        Context {
            local: BTreeMap::new(),
            ..self.copy()
        }
    }

    pub fn copy_of(&mut self, context: &Context) -> Context {
        Context {
            identity: self.identity(),
            ..context.clone()
        }
    }

    /// Returns the context that a scope starts from.
    pub fn copy(&mut self) -> Context {
        Context {
            identity: self.identity(),
            ..self.here.current.clone()
        }
    }

    pub fn current(&self) -> &Context {
        &self.here.current
    }

    pub fn enter(&mut self, context: Context) {
        self.push(context, Entry::Frame);
    }

    fn push(&mut self, context: Context, entry: Entry) {
        let outer = std::mem::replace(&mut self.here.current, context);
        self.here.outer.push(outer);
        self.here.entries.push(entry);
    }

    /// Makes the context around current again.
    fn pop(&mut self) -> (Context, Entry) {
        let outer = self.here.outer.pop().expect("a context to go back to");
        let entry = self.here.entries.pop().expect("as many entries");
        (std::mem::replace(&mut self.here.current, outer), entry)
    }

    /// Leaves a frame, which ends what was attached inside of it.
    pub fn leave(&mut self) -> Context {
        self.end_attached();
        let (context, _) = self.pop();
        self.end_released();
        context
    }

    /// Returns a copy of the current context, with a value set in it.
    pub fn copy_with(&mut self, var: u16, value: Arc<Value>) -> Context {
        let mut scope = self.copy();
        // The context around has what this displaces, too.
        drop(scope.put(self.ledger.variables, var, Some(value)));
        scope
    }

    /// Enters a copy of the current context, with a value set in it.
    pub fn enter_scope(&mut self, var: u16, value: Arc<Value>) {
        let scope = self.copy_with(var, value);
        self.enter(scope);
    }

    /// Leaves a scope, whose values go in the context around it.
    pub fn leave_scope(&mut self) {
        let scope = self.leave();
        drop(scope);
        self.settle();
    }

    // ---- reading and setting ----

    pub fn entry(&self, var: u16) -> Option<Arc<Value>> {
        let place = self.ledger.variables.place(var);
        self.here.current.entry(place).cloned()
    }

    pub fn read(&self, var: u16) -> Option<u64> {
        let default = self.ledger.variables.declared(var).default;
        self.entry(var).map(|value| value.id).or(default)
    }

    fn put_here(&mut self, var: u16, value: Option<Arc<Value>>) -> Option<Arc<Value>> {
        self.here.current.put(self.ledger.variables, var, value)
    }

    /// Sets a variable, or unsets it if there is no value.
    pub fn set(&mut self, var: u16, value: Option<Arc<Value>>) -> Token {
        if self.here.ended && self.here.outer.is_empty() {
            // This is harmless, because nothing would ever drop it.
            return Token {
                var,
                context: 0,
                old: None,
            };
        }
        Token {
            var,
            context: self.here.current.identity,
            old: self.put_here(var, value),
        }
    }

    /// Sets the variables of a scope in order. If a replaced value panics, the rest is only dropped.
    pub fn set_all(&mut self, values: impl IntoIterator<Item = (u16, Arc<Value>)>) {
        for (var, value) in values {
            if self.unwinding {
                drop(value);
            } else {
                drop(self.set(var, Some(value)));
            }
            self.settle();
        }
    }

    /// Puts the old value back; what it displaces goes. `Err` if the token is of another context.
    pub fn reset(&mut self, token: Token) -> Result<(), Token> {
        if token.context != self.here.current.identity {
            return Err(token);
        }
        let displaced = self.put_here(token.var, token.old);
        drop(displaced);
        self.settle();
        Ok(())
    }
}
