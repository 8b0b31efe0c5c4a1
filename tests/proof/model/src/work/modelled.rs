//! The model of the steps of work, and of its drop.

use std::sync::Arc;

use crate::model::{Context, Model, Value};

/// The model's state of the work.
pub enum Modelled {
    /// A future or an iterator.
    Layers(Layer),
    Function(Context, Arc<Value>),
    /// A closure or a message.
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
            Stage::Unformed(None) => model.copy(),
            Stage::Unformed(Some((var, value))) => model.copy_with(var, value),
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
        if ready && finishes {
            *stage = Stage::Done;
            model.end_attached();
            inner.dropped(model);
            model.leave_scope();
        } else {
            *stage = Stage::Ready(model.leave());
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
    /// Models the time before the script does its step. Returns `false` if the step is refused.
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

    /// Models the time after the step, or after a panic in it.
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
