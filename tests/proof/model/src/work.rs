//! Work that has a context and is done in steps, really and in the model.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use context_vars::{__private, ContextExt, InContext, inherit, inherit_fn};

use self::modelled::{Layer, Stage};
use crate::machine::{Kept, Machine};
use crate::model::{self, Value};
use crate::program::{Body, Work as Form, Wrap};
use crate::value::{Hook, Val};
use crate::variables::Boxed;

mod modelled;

pub use self::modelled::Modelled;

/// Operations, to be done step by step, and a value that reports where it is dropped.
pub struct Script {
    machine: Arc<Machine>,
    steps: VecDeque<Body>,
    _witness: Val<0>,
}

impl Script {
    /// A script, and what the model knows of its witness.
    pub fn new(machine: &Arc<Machine>, steps: &[Body], hook: Hook) -> (Self, Arc<Value>) {
        let hook = match hook {
            // The witness is no value of ours: if a panic drops it, it must not panic again.
            Hook::Panic => Hook::PanicOnce,
            hook => hook,
        };
        let (spec, witness) = machine.value(hook);
        let script = Self {
            machine: machine.clone(),
            steps: steps.iter().cloned().collect(),
            _witness: Val::new(spec),
        };
        (script, witness)
    }

    pub fn steps_left(&self) -> usize {
        self.steps.len()
    }

    /// Does a step; true while more are left.
    pub fn step(&mut self) -> bool {
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
    Message(Option<InContext<Script>>),
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
            Self::Message(message) => {
                let message = message.take().expect("it is not kept when it is done");
                message.run(|mut script| script.step());
                true
            }
        }
    }
}

/// The hook of the witness, which is dropped with the script.
fn hook_of_witness(form: &Form, hook: Hook) -> Hook {
    match form {
        // Nothing is promised about where a function that is called many times is dropped.
        Form::Function => Hook::Nothing,
        _ => hook,
    }
}

/// Makes the work of an [`Op::Start`](crate::program::Op::Start).
pub fn start(
    machine: &Arc<Machine>,
    form: &Form,
    steps: &[Body],
    hook: Hook,
) -> Kept<Real, Modelled> {
    let (script, witness) = Script::new(machine, steps, hook_of_witness(form, hook));
    let context = || machine.model().snapshot();
    let (real, model) = match form {
        Form::Future(wraps) => {
            let layer = script_layer(steps.len(), witness);
            return future(machine, wraps, script, layer);
        }
        Form::Iterator => {
            let layer = wrapper(
                Stage::Ready(context()),
                false,
                script_layer(steps.len(), witness),
            );
            let steps = Box::new(script.inherit_context_of_steps());
            (Real::Iterator(steps), Modelled::Layers(layer))
        }
        Form::Function => {
            let script = Mutex::new(script);
            let function = inherit_fn(move |()| {
                let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
                let _more = script.step();
            });
            let model = Modelled::Function(context(), witness);
            (Real::Function(Box::new(function)), model)
        }
        Form::Closure => {
            let closure = inherit(move || {
                let mut script = script;
                let _more = script.step();
            });
            let model = Modelled::Closure(Some((context(), witness)));
            (Real::Closure(Some(Box::new(closure))), model)
        }
        Form::Message => {
            let message = script.inherit_context_of_steps();
            let model = Modelled::Closure(Some((context(), witness)));
            (Real::Message(Some(message)), model)
        }
    };
    Kept { real, model }
}

impl Script {
    /// Both extension traits have an `inherit_context`.
    fn inherit_context_of_steps(self) -> InContext<Self> {
        ContextExt::inherit_context(self)
    }
}

/// The rest of a message after it was opened by its first step.
pub fn handled(
    future: InContext<Script>,
    context: model::Context,
    steps_left: usize,
    witness: Arc<Value>,
) -> Kept<Real, Modelled> {
    let layer = script_layer(steps_left, witness);
    Kept {
        real: Real::Future(Box::pin(future)),
        model: Modelled::Layers(wrapper(Stage::Ready(context), true, layer)),
    }
}

fn script_layer(steps: usize, witness: Arc<Value>) -> Layer {
    Layer::Script {
        steps,
        witness: Some(witness),
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
        let stage = match wrap {
            Wrap::Scope(var, hook) => {
                let (spec, value) = machine.value(*hook);
                future = machine.var(*var).scope(spec, future);
                Stage::Unformed(Some((*var, value)))
            }
            Wrap::Isolating => {
                future = Box::pin(__private::scope(future));
                Stage::Unformed(None)
            }
            Wrap::Inherit => {
                future = Box::pin(ContextExt::inherit_context(future));
                Stage::Ready(machine.model().snapshot())
            }
            Wrap::In(pick) => {
                let context = machine.copy_of_context(*pick);
                future = Box::pin(ContextExt::in_context(future, context.real));
                Stage::Ready(context.model)
            }
        };
        layer = wrapper(stage, true, layer);
    }
    Kept {
        real: Real::Future(future),
        model: Modelled::Layers(layer),
    }
}
