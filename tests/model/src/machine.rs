//! Runs a program with the real crate and the model side by side.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use context_vars::{Context, ResetErrorKind, inherit, isolated, with_context};

use crate::ledger::Ledger;
use crate::model::{self, Model, Value};
use crate::program::{Body, Inherits, Keep, Op, Pick, Program};
use crate::value::{Hook, Spec, Thrown, throw};
use crate::variables::{AnyToken, AnyVar, ResetOutcome};
use crate::work::{self, Modelled, Real};

/// How many contexts, tokens and works a program keeps at most.
const MOST: usize = 12;
/// How many works may be in a step at once, each started from a step of the one before.
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
    /// How many works are in a step.
    depth: AtomicUsize,
    steps: AtomicUsize,
}

/// How an operation ended.
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
        // What the values do when the inner context ends, they do in the outer one.
        machine.isolated(|| machine.isolated(|| machine.whole(&program.body)));
    }
    machine.model().check();
    assert_eq!(machine.model().live(), 0, "values that nobody dropped");
    machine.steps.load(Ordering::Relaxed)
}

/// What work says that is asked for more than it had.
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

/// A function with a scope of its own.
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
        while self.drop_context(0) {}
        while self.drop_token(0) {}
        while self.drop_work(0) {}
    }

    pub fn body(self: &Arc<Self>, body: &Body) {
        for op in body {
            if self.exec(op) {
                let step = self.steps.fetch_add(1, Ordering::Relaxed);
                self.check_reads(step, 1);
            }
        }
    }

    /// What happened to the real values is what happens to the model's.
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

    /// Runs `f` on a thread of its own and waits for the thread's end.
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
        let ended = self.on_thread(f);
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
            Op::Reset(pick) => return self.reset(*pick, None),
            Op::ResetBy(pick, var) => return self.reset(*pick, Some(*var)),
            Op::OldValue(pick) => return self.old_value(*pick),
            Op::DropToken(pick) => return self.drop_token(*pick),
            Op::Scope(var, hook, body) => self.scope(*var, *hook, body),
            Op::Function(sets, body) => self.function(sets, body),
            Op::Isolated(body) => self.isolated(|| self.body(body)),
            Op::Snapshot => {
                let (real, model) = (Context::current(), self.model().snapshot());
                self.keep_context(Kept { real, model });
            }
            Op::CloneOf(pick) => {
                let copy = self.copy_of_context(*pick);
                self.keep_context(copy);
            }
            Op::DropContext(pick) => return self.drop_context(*pick),
            Op::Run(pick, body) => return self.run(*pick, body),
            Op::WithValue(pick, var, hook) => return self.with_value(*pick, *var, Some(*hook)),
            Op::Without(pick, var) => return self.with_value(*pick, *var, None),
            Op::Look(pick, var) => return self.look(*pick, *var),
            Op::Enumerate(pick) => return self.enumerate(*pick),
            Op::EnumerateCurrent => {
                let (real, model) = (Context::current(), self.model().snapshot());
                self.compare_entries(&real, &model);
            }
            Op::Start(form, steps, hook) => {
                let work = work::start(self, form, steps, *hook);
                self.keep_work(work);
            }
            Op::Poll(pick) => return self.poll(*pick),
            Op::PollOnThread(pick) => return self.poll_on_thread(*pick),
            Op::DropWork(pick) => return self.drop_work(*pick),
            Op::DropWorkOnThread(pick) => return self.drop_work_on_thread(*pick),
            Op::Thread(inherits, body) => self.thread(*inherits, body),
            Op::DropTokensOnThread => self.drop_tokens_on_thread(),
            Op::Throw => {
                self.model().unwinding = true;
                throw();
            }
        }
        true
    }

    // ---- reading ----

    fn get(&self, var: u16) {
        let entry = self.model().entry(var);
        let mut got = None;
        let ended = guarded(|| got = self.var(var).get());
        if entry.is_some_and(|value| value.panics_on_clone()) {
            assert_eq!(ended, Ended::Thrown, "the clone panics");
        } else {
            assert_eq!(ended, Ended::Normally);
            assert_eq!(got, self.model().read(var));
        }
    }

    fn get_or(&self, var: u16) {
        let entry = self.model().entry(var);
        if !entry.as_ref().is_some_and(|value| value.panics_on_clone()) {
            let expected = entry.map_or(7, |value| value.id);
            assert_eq!(self.var(var).get_or(7), expected);
        }
    }

    fn with(self: &Arc<Self>, var: u16, body: &Body) {
        let (expected, looked_at) = {
            let model = self.model();
            (model.read(var), model.entry(var))
        };
        let ended = guarded(|| {
            let looked = self.var(var).with(&mut |id| {
                assert_eq!(Some(id), expected);
                self.body(body);
            });
            assert_eq!(looked, expected);
        });
        drop(looked_at);
        self.model().settle();
        self.finish(ended);
    }

    // ---- setting ----

    fn set(&self, var: u16, hook: Hook, keep: Keep) {
        let (spec, value) = self.value(hook);
        let token = Kept {
            real: self.var(var).set(spec),
            model: self.model().set(var, value),
        };
        match keep {
            Keep::Token => self.keep_token(token),
            Keep::Nothing => self.drop_this_token(token),
        }
    }

    fn keep_token(&self, token: KeptToken) {
        let mut store = self.store();
        store.tokens.push(token);
        let full = store.tokens.len() > MOST;
        drop(store);
        if full {
            self.drop_token(0);
        }
    }

    fn take_token(&self, pick: Pick) -> Option<KeptToken> {
        take(&mut self.store().tokens, pick)
    }

    fn drop_this_token(&self, token: KeptToken) {
        let ended = guarded(|| drop(token.real));
        drop(token.model);
        self.model().settle();
        self.finish(ended);
    }

    fn drop_token(&self, pick: Pick) -> bool {
        let Some(token) = self.take_token(pick) else {
            return false;
        };
        self.drop_this_token(token);
        true
    }

    fn drop_tokens_on_thread(&self) {
        let tokens = std::mem::take(&mut self.store().tokens);
        self.visit_thread(|| {
            tokens
                .into_iter()
                .for_each(|token| self.drop_this_token(token))
        });
    }

    fn old_value(&self, pick: Pick) -> bool {
        let Some(token) = self.take_token(pick) else {
            return false;
        };
        let expected = token.model.old.as_ref().map(|value| value.id);
        assert_eq!(token.real.old(), expected);
        self.keep_token(token);
        true
    }

    fn reset(&self, pick: Pick, by: Option<u16>) -> bool {
        let Some(token) = self.take_token(pick) else {
            return false;
        };
        let variables = self.ledger.variables;
        let own = by.is_none_or(|var| variables.place(var) == variables.place(token.model.var));
        let by = by.map(|var| self.var(var));
        if !by.is_none_or(|var| token.real.fits(var)) {
            self.keep_token(token);
            return false;
        }
        let mut outcome = None;
        let ended = guarded(|| outcome = Some(token.real.reset(by)));
        let modelled = match own {
            true => self.model().reset(token.model),
            false => Err(token.model),
        };
        self.finish(ended);
        match (outcome, modelled) {
            // What was displaced panicked when it was dropped, or did not.
            (None | Some(ResetOutcome::Done), Ok(())) => {}
            (Some(ResetOutcome::Refused(kind, real)), Err(model)) => {
                let expected = match own {
                    true => ResetErrorKind::OtherContext,
                    false => ResetErrorKind::OtherVariable,
                };
                assert_eq!(kind, expected);
                self.keep_token(Kept { real, model });
            }
            (_, modelled) => panic!("a reset succeeds: {}", modelled.is_ok()),
        }
        true
    }

    // ---- scopes ----

    fn scope(self: &Arc<Self>, var: u16, hook: Hook, body: &Body) {
        let (spec, value) = self.value(hook);
        let mut value = Some(value);
        let ended = guarded(|| {
            self.var(var).sync_scope(spec, &mut || {
                let value = value.take().expect("the closure is called once");
                self.model().enter_scope(var, value);
                self.body(body);
            });
        });
        self.model().leave_scope();
        self.finish(ended);
    }

    fn isolated(&self, body: impl FnOnce()) {
        let ended = guarded(|| {
            isolated(|| {
                let empty = self.model().empty();
                self.model().enter(empty);
                body();
            });
        });
        self.model().leave_scope();
        self.finish(ended);
    }

    fn function(self: &Arc<Self>, sets: &[(u16, Hook)], body: &Body) {
        let mut set = || {
            let scope = self.model().copy();
            self.model().enter(scope);
            for &(var, hook) in sets {
                let (spec, value) = self.value(hook);
                let ended = guarded(|| self.var(var).set_in_scope(spec));
                let mut model = self.model();
                drop(model.set(var, value));
                model.settle();
                assert_eq!(ended == Ended::Thrown, model.unwinding);
                if model.unwinding {
                    drop(model);
                    throw();
                }
            }
        };
        let ended = guarded(|| function(&mut set, &mut || self.body(body)));
        self.model().leave_scope();
        self.finish(ended);
    }

    // ---- contexts ----

    fn keep_context(&self, context: KeptContext) {
        let mut store = self.store();
        store.contexts.push(context);
        let full = store.contexts.len() > MOST;
        drop(store);
        if full {
            self.drop_context(0);
        }
    }

    fn take_context(&self, pick: Pick) -> Option<KeptContext> {
        take(&mut self.store().contexts, pick)
    }

    /// A clone of a context that is kept, or a new one.
    pub fn copy_of_context(&self, pick: Pick) -> KeptContext {
        let Some(context) = self.take_context(pick) else {
            return Kept {
                real: Context::new(),
                model: self.model().empty(),
            };
        };
        let copy = Kept {
            real: context.real.clone(),
            model: self.model().copy_of(&context.model),
        };
        self.keep_context(context);
        copy
    }

    fn drop_context(&self, pick: Pick) -> bool {
        let Some(context) = self.take_context(pick) else {
            return false;
        };
        let ended = guarded(|| drop(context.real));
        drop(context.model);
        self.model().settle();
        self.finish(ended);
        true
    }

    fn run(self: &Arc<Self>, pick: Pick, body: &Body) -> bool {
        let Some(Kept { mut real, model }) = self.take_context(pick) else {
            return false;
        };
        let mut model = Some(model);
        let ended = guarded(|| {
            real.run(|| {
                let model = model.take().expect("the closure is called once");
                self.model().enter(model);
                self.body(body);
            });
        });
        let model = self.model().leave();
        self.finish(ended);
        self.keep_context(Kept { real, model });
        true
    }

    /// `with_value`, or `without` if there is no hook of a value.
    fn with_value(&self, pick: Pick, var: u16, hook: Option<Hook>) -> bool {
        let Some(Kept { real, mut model }) = self.take_context(pick) else {
            return false;
        };
        let (spec, value) = hook.map(|hook| self.value(hook)).unzip();
        let mut changed = None;
        let ended = guarded(|| {
            changed = Some(match spec {
                Some(spec) => self.var(var).with_value(real, spec),
                None => self.var(var).without(real),
            });
        });
        let old = self.model().put(&mut model, var, value);
        drop(old);
        self.model().settle();
        match changed {
            Some(real) => {
                self.finish(ended);
                self.keep_context(Kept { real, model });
            }
            // What was displaced panicked when it was dropped: the context goes, too.
            None => {
                drop(model);
                self.model().settle();
                self.finish(ended);
            }
        }
        true
    }

    fn look(&self, pick: Pick, var: u16) -> bool {
        let Some(context) = self.take_context(pick) else {
            return false;
        };
        let place = self.ledger.variables.place(var);
        let expected = context.model.entry(place).map(|value| value.id);
        assert_eq!(self.var(var).look(&context.real), expected);
        assert_eq!(self.var(var).contained(&context.real), expected.is_some());
        self.keep_context(context);
        true
    }

    fn enumerate(&self, pick: Pick) -> bool {
        let Some(context) = self.take_context(pick) else {
            return false;
        };
        self.compare_entries(&context.real, &context.model);
        self.keep_context(context);
        true
    }

    fn compare_entries(&self, real: &Context, model: &model::Context) {
        let named = model.entries().map(|(place, id)| {
            let var = self.var(place as u16);
            (var.name(), var.module_path(), id, var)
        });
        let mut expected: Vec<_> = named.collect();
        expected.sort_by_key(|&(name, module, ..)| (name, module));
        assert_eq!(
            (real.len(), real.is_empty()),
            (model.len(), model.is_empty())
        );
        let mut entries = real.iter();
        for (name, module, id, var) in expected {
            let entry = entries.next().expect("as many entries as `len` says");
            assert_eq!((entry.name(), entry.module_path()), (name, module));
            assert_eq!(var.id_of(&entry), Some(id));
        }
        assert!(entries.next().is_none());
    }

    // ---- work ----

    fn keep_work(&self, work: KeptWork) {
        let mut store = self.store();
        store.works.push(work);
        let full = store.works.len() > MOST;
        drop(store);
        if full {
            self.drop_work(0);
        }
    }

    fn take_work(&self, pick: Pick) -> Option<KeptWork> {
        take(&mut self.store().works, pick)
    }

    /// Does a step; hands the work back if more can be done.
    fn step(&self, mut work: KeptWork) -> Option<KeptWork> {
        let begun = work.model.begin(&mut self.model());
        let mut done = false;
        self.depth.fetch_add(1, Ordering::Relaxed);
        let ended = guarded(|| done = work.real.step());
        self.depth.fetch_sub(1, Ordering::Relaxed);
        assert_eq!(ended == Ended::AfterCompletion, !begun);
        work.model.end(&mut self.model());
        self.finish(ended);
        if done {
            self.drop_this_work(work);
            return None;
        }
        Some(work)
    }

    /// Work for a step, unless too many are in one already.
    fn take_work_for_step(&self, pick: Pick) -> Option<KeptWork> {
        let deep = self.depth.load(Ordering::Relaxed) >= DEPTH;
        if deep { None } else { self.take_work(pick) }
    }

    fn poll(&self, pick: Pick) -> bool {
        let Some(work) = self.take_work_for_step(pick) else {
            return false;
        };
        if let Some(work) = self.step(work) {
            self.keep_work_that_can(work);
        }
        true
    }

    fn poll_on_thread(&self, pick: Pick) -> bool {
        let Some(work) = self.take_work_for_step(pick) else {
            return false;
        };
        let mut back = None;
        self.visit_thread(|| back = self.step(work));
        if let Some(work) = back {
            self.keep_work_that_can(work);
        }
        true
    }

    /// Keeps it unless it was a closure whose only step panicked.
    fn keep_work_that_can(&self, work: KeptWork) {
        match work.real {
            Real::Closure(None) => {}
            _ => self.keep_work(work),
        }
    }

    fn drop_this_work(&self, work: KeptWork) {
        let ended = guarded(|| drop(work.real));
        work.model.dropped(&mut self.model());
        self.finish(ended);
    }

    fn drop_work(&self, pick: Pick) -> bool {
        let Some(work) = self.take_work(pick) else {
            return false;
        };
        self.drop_this_work(work);
        true
    }

    fn drop_work_on_thread(&self, pick: Pick) -> bool {
        let Some(work) = self.take_work(pick) else {
            return false;
        };
        self.visit_thread(|| self.drop_this_work(work));
        true
    }

    fn thread(self: &Arc<Self>, inherits: Inherits, body: &Body) {
        let inherits = inherits == Inherits::Yes;
        let ended = if inherits {
            let snapshot = self.model().snapshot();
            let work = inherit(|| {
                self.model().enter(snapshot);
                self.body(body);
            });
            self.model().begin_thread();
            let ended = self.on_thread(work);
            self.model().leave_scope();
            ended
        } else {
            self.model().begin_thread();
            self.on_thread(|| self.body(body))
        };
        let mut model = self.model();
        // The panic ends at the end of the thread, before its root is emptied.
        let unwinding = std::mem::take(&mut model.unwinding);
        model.end_thread();
        model.unwinding = unwinding;
        drop(model);
        self.finish(ended);
    }
}

fn take<T>(all: &mut Vec<T>, pick: Pick) -> Option<T> {
    let place = usize::from(pick).checked_rem(all.len())?;
    Some(all.remove(place))
}
