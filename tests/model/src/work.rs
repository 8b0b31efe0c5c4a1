//! Work that has a context and is done in steps, really and in the model.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use context_vars::{__private, ContextFutureExt, ContextIteratorExt, inherit, inherit_fn};

use crate::machine::{Kept, Machine};
use crate::model::{Context, Model, Value};
use crate::program::{Body, Work as Form, Wrap};
use crate::value::{Hook, Spec, Val};
use crate::variables::Boxed;

/// What is to be done step by step, and a value that tells where it is dropped.
struct Script {
    machine: Arc<Machine>,
    steps: VecDeque<Body>,
    _witness: Val<0>,
}

impl Script {
    /// Does a step; true while more are left.
    fn step(&mut self) -> bool {
        let body = self.steps.pop_front().unwrap_or_default();
        self.machine.body(&body);
        !self.steps.is_empty()
    }
}

impl Future for Script {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        match self.step() {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }
}

impl Iterator for Script {
    type Item = ();

    fn next(&mut self) -> Option<()> {
        self.step().then_some(())
    }
}

/// The work itself.
pub enum Real {
    Future(Boxed),
    Iterator(Box<dyn Iterator<Item = ()> + Send>),
    Function(Box<dyn Fn(()) + Send + Sync>),
    Closure(Option<Box<dyn FnOnce() + Send>>),
}

impl Real {
    /// Does a step; true if it was the last that can be done.
    pub fn step(&mut self) -> bool {
        match self {
            Self::Future(future) => {
                let mut cx = TaskContext::from_waker(Waker::noop());
                future.as_mut().poll(&mut cx).is_ready()
            }
            Self::Iterator(steps) => {
                let _more = steps.next();
                false
            }
            Self::Function(function) => {
                function(());
                false
            }
            Self::Closure(closure) => {
                closure.take().expect("it is not kept when it is done")();
                true
            }
        }
    }
}

/// What the model knows of the work.
pub enum Modelled {
    /// A future or an iterator.
    Layers(Layer),
    Function(Context, Arc<Value>),
    Closure(Option<(Context, Arc<Value>)>),
}

/// A wrapper, or the script that is wrapped.
pub enum Layer {
    Script {
        steps: usize,
        witness: Option<Arc<Value>>,
    },
    Wrapper {
        stage: Stage,
        /// A future's, which is dropped as soon as it is done.
        finishes: bool,
        inner: Box<Layer>,
    },
}

pub enum Stage {
    /// A scope that was never polled, and the value that it will have.
    Unformed(Option<(u16, Arc<Value>)>),
    Ready(Context),
    /// Its context is the current one, or one around it.
    Entered,
    Done,
}

impl Layer {
    /// Enters the contexts of a step, the outermost first; false if a wrapper is done.
    fn enter(&mut self, model: &mut Model) -> bool {
        let (stage, inner) = match self {
            Self::Script { steps, .. } => {
                *steps = steps.saturating_sub(1);
                return true;
            }
            Self::Wrapper { stage, inner, .. } => (stage, inner),
        };
        let context = match std::mem::replace(stage, Stage::Entered) {
            Stage::Unformed(start) => {
                let mut scope = model.copy();
                if let Some((var, value)) = start {
                    drop(model.put(&mut scope, var, Some(value)));
                }
                scope
            }
            Stage::Ready(context) => context,
            Stage::Entered => unreachable!("work is taken out while it does a step"),
            Stage::Done => {
                *stage = Stage::Done;
                return false;
            }
        };
        model.enter(context);
        inner.enter(model)
    }

    /// Leaves them, the innermost first; true if the future is done.
    fn leave(&mut self, model: &mut Model) -> bool {
        let (stage, finishes, inner) = match self {
            Self::Script { steps, .. } => return *steps == 0 && !model.unwinding,
            Self::Wrapper {
                stage,
                finishes,
                inner,
            } => (stage, *finishes, inner),
        };
        if !matches!(stage, Stage::Entered) {
            return false;
        }
        let ready = inner.leave(model);
        *stage = Stage::Ready(model.leave());
        if ready && finishes {
            self.dropped(model);
        }
        ready && !model.unwinding
    }

    /// The layer goes: what is inside it first, in its context, and then the context's values.
    fn dropped(&mut self, model: &mut Model) {
        let (stage, inner) = match self {
            Self::Script { witness, .. } => {
                drop(witness.take());
                return model.settle();
            }
            Self::Wrapper { stage, inner, .. } => (stage, inner),
        };
        match std::mem::replace(stage, Stage::Done) {
            Stage::Done => {}
            Stage::Entered => unreachable!("work is taken out while it does a step"),
            Stage::Unformed(start) => {
                inner.dropped(model);
                drop(start);
                model.settle();
            }
            Stage::Ready(context) => {
                model.enter(context);
                inner.dropped(model);
                model.leave_scope();
            }
        }
    }
}

impl Modelled {
    /// What happens before the script does its step; false if it is refused.
    pub fn begin(&mut self, model: &mut Model) -> bool {
        match self {
            Self::Layers(layer) => return layer.enter(model),
            Self::Function(context, _) => {
                let copy = model.copy_of(context);
                model.enter(copy);
            }
            Self::Closure(work) => {
                let (context, witness) = work.take().expect("it is done once");
                model.enter(context);
                // Its context is on the stack; the witness goes at the end.
                let none = model.empty();
                *work = Some((none, witness));
            }
        }
        true
    }

    /// What happens after it, or after a panic in it.
    pub fn end(&mut self, model: &mut Model) {
        match self {
            Self::Layers(layer) => {
                layer.leave(model);
            }
            Self::Function(..) => model.leave_scope(),
            Self::Closure(work) => {
                drop(work.take());
                model.settle();
                model.leave_scope();
            }
        }
    }

    pub fn dropped(self, model: &mut Model) {
        match self {
            Self::Layers(mut layer) => layer.dropped(model),
            Self::Function(context, witness) => {
                drop((context, witness));
                model.settle();
            }
            Self::Closure(None) => {}
            Self::Closure(Some((context, witness))) => {
                model.enter(context);
                drop(witness);
                model.settle();
                model.leave_scope();
            }
        }
    }
}

/// Makes the work of an [`Op::Start`](crate::program::Op::Start).
pub fn start(
    machine: &Arc<Machine>,
    form: &Form,
    steps: &[Body],
    hook: Hook,
) -> Kept<Real, Modelled> {
    let hook = match (form, hook) {
        // Nothing is promised about where a function that is called many times is dropped.
        (Form::Function, _) => Hook::Nothing,
        // The witness is no value of ours: dropped by a panic, it may not panic again.
        (_, Hook::Panic) => Hook::PanicOnce,
        (_, hook) => hook,
    };
    let (spec, witness) = machine.value(hook);
    let script = Script {
        machine: machine.clone(),
        steps: steps.iter().cloned().collect(),
        _witness: Val::new(spec),
    };
    let layer = Layer::Script {
        steps: steps.len(),
        witness: Some(witness),
    };
    match form {
        Form::Future(wraps) => future(machine, wraps, script, layer),
        Form::Iterator => {
            let context = machine.model().snapshot();
            Kept {
                real: Real::Iterator(Box::new(script.inherit_context_of_steps())),
                model: Modelled::Layers(wrapper(Stage::Ready(context), false, layer)),
            }
        }
        Form::Function => {
            let Layer::Script { witness, .. } = layer else {
                unreachable!()
            };
            let script = Mutex::new(script);
            let function = inherit_fn(move |()| {
                let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
                let _more = script.step();
            });
            let context = machine.model().snapshot();
            Kept {
                real: Real::Function(Box::new(function)),
                model: Modelled::Function(context, witness.expect("just made")),
            }
        }
        Form::Closure => {
            let Layer::Script { witness, .. } = layer else {
                unreachable!()
            };
            let closure = inherit(move || {
                let mut script = script;
                let _more = script.step();
            });
            let context = machine.model().snapshot();
            Kept {
                real: Real::Closure(Some(Box::new(closure))),
                model: Modelled::Closure(Some((context, witness.expect("just made")))),
            }
        }
    }
}

impl Script {
    /// Both extension traits have an `inherit_context`.
    fn inherit_context_of_steps(self) -> context_vars::InContext<Self> {
        ContextIteratorExt::inherit_context(self)
    }
}

fn wrapper(stage: Stage, finishes: bool, inner: Layer) -> Layer {
    Layer::Wrapper {
        stage,
        finishes,
        inner: Box::new(inner),
    }
}

fn future(
    machine: &Arc<Machine>,
    wraps: &[Wrap],
    script: Script,
    mut layer: Layer,
) -> Kept<Real, Modelled> {
    let mut future: Boxed = Box::pin(script);
    for wrap in wraps.iter().rev() {
        let stage;
        (future, stage) = match wrap {
            Wrap::Scope(var, hook) => {
                let (spec, value): (Spec, _) = machine.value(*hook);
                let scope = machine.var(*var).scope(spec, future);
                (scope, Stage::Unformed(Some((*var, value))))
            }
            Wrap::Isolating => {
                let scope: Boxed = Box::pin(__private::scope(future));
                (scope, Stage::Unformed(None))
            }
            Wrap::Inherit => {
                let inherits: Boxed = Box::pin(ContextFutureExt::inherit_context(future));
                (inherits, Stage::Ready(machine.model().snapshot()))
            }
            Wrap::In(pick) => {
                let context = machine.copy_of_context(*pick);
                let inside: Boxed = Box::pin(ContextFutureExt::in_context(future, context.real));
                (inside, Stage::Ready(context.model))
            }
        };
        layer = wrapper(stage, true, layer);
    }
    Kept {
        real: Real::Future(future),
        model: Modelled::Layers(layer),
    }
}
