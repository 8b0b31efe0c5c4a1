//! Runs a program with the real crate and the model side by side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use context_vars::{Context, with_context};

use crate::ledger::Ledger;
use crate::model::{self, Model, Value};
use crate::program::{Body, Keep, Op, Pick, Program};
use crate::value::{Hook, Spec, Thrown, throw};
use crate::variables::{AnyToken, AnyVar};
use crate::work::{self, Modelled, Real};

mod attached;
mod reading;
mod setting;
mod scopes;
mod contexts;
mod works;
mod futures;

/// The greatest number of contexts, tokens and works that a program keeps.
const MOST: usize = 12;
/// The greatest number of works that are in a step at once, each started from a step of the one before.
const DEPTH: usize = 3;
/// Bodies nest, and the frames of debug builds and sanitizers are large.
pub const STACK: usize = 16 << 20;

/// A thing and what the model knows of it.
pub struct Kept<R, M> {
    pub real: R,
    pub model: M,
}

type KeptContext = Kept<Context, model::Context>;
type KeptToken = Kept<Box<dyn AnyToken>, model::Token>;
type KeptWork = Kept<Real, Modelled>;

#[derive(Default)]
struct Store {
    contexts: Vec<KeptContext>,
    tokens: Vec<KeptToken>,
    works: Vec<KeptWork>,
}

/// Nothing is locked while anything of the real crate runs that could run anything else.
pub struct Machine {
    ledger: Arc<Ledger>,
    model: Mutex<Model>,
    store: Mutex<Store>,
    /// The number of works that are in a step.
    depth: AtomicUsize,
    steps: AtomicUsize,
}

/// The end of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Normally,
    /// By a panic that was thrown on purpose.
    Thrown,
    /// Work was asked to do more than it had.
    AfterCompletion,
}

/// Runs the program and returns how many steps that were.
///
/// # Panics
///
/// If the crate does anything else than the model.
pub fn run(program: &Program) -> usize {
    let ledger = Arc::new(Ledger::new(program.variables));
    let machine = Arc::new(Machine {
        ledger: ledger.clone(),
        model: Mutex::new(Model::new(ledger)),
        store: Mutex::default(),
        depth: AtomicUsize::new(0),
        steps: AtomicUsize::new(0),
    });
    if program.in_root {
        let ended = machine.on_thread(|| machine.whole(&program.body));
        assert_eq!(ended, Ended::Normally);
        machine.model().empty_root();
    } else {
        // When the inner context ends, the hooks of its values run in the outer one.
        machine.detached(|| machine.detached(|| machine.whole(&program.body)));
    }
    machine.model().check();
    machine.model().give_up_forgotten();
    assert_eq!(machine.model().live(), 0, "values that nobody dropped");
    machine.steps.load(Ordering::Relaxed)
}

/// The panic of work that is asked for a step after its last one.
const AFTER_COMPLETION: &str = "work in a context was polled after it had completed";

/// Keeps the panics that programs cause on purpose off the terminal.
///
/// The others are printed, and go on: libFuzzer's own hook would abort at each.
pub fn hush_expected_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(AFTER_COMPLETION) {
            print(info);
        }
    }));
}

/// Runs `f` and tells how it ended; a failed assertion is none of the ways.
fn guarded(f: impl FnOnce()) -> Ended {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(()) => Ended::Normally,
        Err(payload) => ended_by(payload),
    }
}

fn ended_by(payload: Box<dyn Any + Send>) -> Ended {
    if payload.is::<Thrown>() {
        return Ended::Thrown;
    }
    match payload.downcast_ref::<&str>() {
        Some(&AFTER_COMPLETION) => Ended::AfterCompletion,
        _ => resume_unwind(payload),
    }
}

/// A function with its own scope.
#[with_context]
fn function(set: &mut dyn FnMut(), body: &mut dyn FnMut()) {
    set();
    body();
}

impl Machine {
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn var(&self, var: u16) -> &'static dyn AnyVar {
        self.ledger.var(var)
    }

    /// A value to be made, and the model's.
    pub fn value(&self, hook: Hook) -> (Spec, Arc<Value>) {
        let spec = Spec::new(&self.ledger, hook);
        let value = self.model().value(spec.id, hook);
        (spec, value)
    }

    // ---- how operations begin and end ----

    /// The program, and the end of all that it keeps.
    fn whole(self: &Arc<Self>, body: &Body) {
        let ended = guarded(|| self.body(body));
        self.finish(ended);
        self.check_reads(0, self.ledger.variables.len());
        self.drop_guards();
        while self.drop_context(0).is_some() {}
        while self.drop_token(0).is_some() {}
        while self.drop_work(0).is_some() {}
    }

    pub fn body(self: &Arc<Self>, body: &Body) {
        for op in body {
            if self.exec(op) {
                let step = self.steps.fetch_add(1, Ordering::Relaxed);
                self.check_reads(step, 1);
            }
        }
    }

    /// Checks that the events of the real values are those of the model's.
    fn finish(&self, ended: Ended) {
        let mut model = self.model();
        assert_eq!(
            ended == Ended::Thrown,
            model.unwinding,
            "whether it panics: {ended:?}"
        );
        model.unwinding = false;
        model.check();
    }

    /// Runs `f` on a new thread and waits for the thread's end.
    fn on_thread(&self, f: impl FnOnce() + Send) -> Ended {
        std::thread::scope(|threads| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let thread = thread.spawn_scoped(threads, f).expect("a thread");
            match thread.join() {
                Ok(()) => Ended::Normally,
                Err(payload) => ended_by(payload),
            }
        })
    }

    /// As `on_thread`, for what ends normally in the thread's root.
    fn visit_thread(&self, f: impl FnOnce() + Send) {
        self.model().begin_thread();
        let ended = self.on_thread(|| {
            f();
            self.drop_guards();
        });
        assert_eq!(ended, Ended::Normally);
        self.model().end_thread();
    }

    /// Reads `count` variables from the one at `place` on.
    fn check_reads(&self, place: usize, count: usize) {
        for var in place..place + count {
            let var = (var % self.ledger.variables.len()) as u16;
            assert_eq!(self.var(var).read(), self.model().read(var));
        }
    }

    /// Does an operation; false if there was nothing to do it with.
    fn exec(self: &Arc<Self>, op: &Op) -> bool {
        match op {
            Op::Read(var) => self.check_reads((*var).into(), 1),
            Op::Get(var) => self.get(*var),
            Op::GetOr(var) => self.get_or(*var),
            Op::IsSet(var) => {
                assert_eq!(self.var(*var).is_set(), self.model().entry(*var).is_some());
            }
            Op::ReadAll => self.check_reads(0, self.ledger.variables.len()),
            Op::With(var, body) => self.with(*var, body),
            Op::Set(var, hook, keep) => self.set(*var, *hook, *keep),
            Op::SetMany(first, count) => {
                let count = usize::from(*count) % (self.ledger.variables.len() + 1);
                for n in 0..count {
                    self.set(first.wrapping_add(n as u16), Hook::Nothing, Keep::Nothing);
                }
            }
            Op::Unset(var, keep) => self.unset(*var, *keep),
            Op::Scope(var, hook, body) => self.scope(*var, *hook, body),
            Op::Function(sets, body) => self.function(sets, body),
            Op::Detached(body) => self.detached(|| self.body(body)),
            Op::Snapshot => {
                let (real, model) = (Context::current(), self.model().snapshot());
                self.keep_context(Kept { real, model });
            }
            Op::CloneOf(pick) => {
                let copy = self.copy_of_context(*pick);
                self.keep_context(copy);
            }
            Op::EnumerateCurrent => {
                let (real, model) = (Context::current(), self.model().snapshot());
                self.compare_entries(&real, &model);
            }
            Op::Start(form, steps, hook) => {
                let work = work::start(self, form, steps, *hook);
                self.keep_work(work);
            }
            Op::Thread(inherits, body) => self.thread(*inherits, body),
            Op::DropTokensOnThread => self.drop_tokens_on_thread(),
            Op::Throw => {
                self.model().unwinding = true;
                throw();
            }
            _ => return self.exec_on_kept(op).is_some(),
        }
        true
    }

    /// Does an operation on one of the things that are kept, if there is one.
    fn exec_on_kept(self: &Arc<Self>, op: &Op) -> Option<()> {
        match op {
            Op::Reset(pick) => self.reset(*pick, None),
            Op::ResetBy(pick, var) => self.reset(*pick, Some(*var)),
            Op::OldValue(pick) => self.old_value(*pick),
            Op::DropToken(pick) => self.drop_token(*pick),
            Op::DropContext(pick) => self.drop_context(*pick),
            Op::Run(pick, body) => self.run(*pick, body),
            Op::RunAsync(pick, work) => self.run_async(*pick, work),
            Op::Attach(pick) => self.attach(*pick),
            Op::Detach(pick) => self.detach(*pick),
            Op::DropGuard(pick) => self.drop_guard(*pick),
            Op::ForgetGuard(pick) => self.forget_guard(*pick),
            Op::WithValue(pick, var, hook) => self.with_value(*pick, *var, Some(*hook)),
            Op::Without(pick, var) => self.with_value(*pick, *var, None),
            Op::Look(pick, var) => self.look(*pick, *var),
            Op::Enumerate(pick) => self.enumerate(*pick),
            Op::Poll(pick) => self.poll(*pick),
            Op::PollOnThread(pick) => self.poll_on_thread(*pick),
            Op::DropWork(pick) => self.drop_work(*pick),
            Op::DropWorkOnThread(pick) => self.drop_work_on_thread(*pick),
            Op::Handle(pick) => self.handle(*pick),
            _ => unreachable!("{op:?} needs nothing that is kept"),
        }
    }
}

/// Adds to what is kept. Returns whether there are too many then.
fn keep<T>(all: &mut Vec<T>, kept: T) -> bool {
    all.push(kept);
    all.len() > MOST
}

fn take<T>(all: &mut Vec<T>, pick: Pick) -> Option<T> {
    let place = usize::from(pick).checked_rem(all.len())?;
    Some(all.remove(place))
}
