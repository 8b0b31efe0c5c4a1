//! The conversion between the values of a variable and their texts, with the type erased.

use crate::context::Context;
use crate::var::ContextVar;

/// Writes and reads the text of one variable.
pub(super) trait Codec: Send + Sync {
    /// Returns the name of the variable.
    fn variable(&self) -> &'static str;
    /// Returns the text of the variable's value in `context`, if there is one.
    fn encode(&self, context: &Context) -> Option<String>;
    /// Sets the variable in `context`. Returns `false` if `text` is not a value of its type.
    fn decode(&self, context: &mut Context, text: &str) -> bool;
}

/// The codec of a variable of type `T`.
pub(super) struct TypedCodec<T: 'static, F, P> {
    pub(super) var: &'static ContextVar<T>,
    pub(super) format: F,
    pub(super) parse: P,
}

impl<T, F, P> Codec for TypedCodec<T, F, P>
where
    T: Send + Sync + 'static,
    F: Fn(&T) -> Option<String> + Send + Sync,
    P: Fn(&str) -> Option<T> + Send + Sync,
{
    fn variable(&self) -> &'static str {
        self.var.name()
    }

    fn encode(&self, context: &Context) -> Option<String> {
        context.get(self.var).and_then(&self.format)
    }

    fn decode(&self, context: &mut Context, text: &str) -> bool {
        let Some(value) = (self.parse)(text) else {
            return false;
        };
        *context = core::mem::take(context).with_value(self.var, value);
        true
    }
}
