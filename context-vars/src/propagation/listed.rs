//! One listed variable: where it travels, how, and under which conditions.

use std::borrow::Cow;

use super::problem::ProblemKind;
use crate::context::Context;
use crate::var::ContextVar;

/// A variable that travels.
pub(super) struct Listed {
    pub(super) name: Cow<'static, str>,
    pub(super) place: Place,
    pub(super) options: Options,
    pub(super) wire: Box<dyn Wire>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Header,
    Baggage,
}

/// What can be said of a variable that is listed.
#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) send: bool,
    pub(super) accept: bool,
    pub(super) max_len: usize,
    pub(super) plus_as_space: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            send: true,
            accept: true,
            max_len: 1024,
            plus_as_space: false,
        }
    }
}

impl Listed {
    /// Whether `text` may travel.
    pub(super) fn check(&self, text: &str) -> Result<(), ProblemKind> {
        if text.len() > self.options.max_len {
            return Err(ProblemKind::TooLong);
        }
        let allowed = match self.place {
            // What HTTP would strip or forbid.
            Place::Header => {
                text.bytes()
                    .all(|byte| byte.is_ascii_graphic() || byte == b' ')
                    && text.trim_matches(' ') == text
            }
            Place::Baggage => !text.contains(char::is_control),
        };
        allowed.then_some(()).ok_or(ProblemKind::Character)
    }

    /// Sets the variable to the value that `text` stands for.
    pub(super) fn accept(&self, context: &mut Context, text: &str) -> Result<(), ProblemKind> {
        self.check(text)?;
        let accepted = self.wire.read(context, text);
        accepted.then_some(()).ok_or(ProblemKind::WrongType)
    }
}

/// A variable and its texts, with its type erased.
pub(super) trait Wire: Send + Sync {
    fn variable(&self) -> &'static str;
    /// The text of the variable's value in `context`.
    fn write(&self, context: &Context) -> Option<String>;
    /// Sets the variable in `context`; false if `text` is no value of its type.
    fn read(&self, context: &mut Context, text: &str) -> bool;
}

pub(super) struct Typed<T: 'static, W, R> {
    pub(super) var: &'static ContextVar<T>,
    pub(super) format: W,
    pub(super) parse: R,
}

impl<T, W, R> Wire for Typed<T, W, R>
where
    T: Send + Sync + 'static,
    W: Fn(&T) -> Option<String> + Send + Sync,
    R: Fn(&str) -> Option<T> + Send + Sync,
{
    fn variable(&self) -> &'static str {
        self.var.name()
    }

    fn write(&self, context: &Context) -> Option<String> {
        context.get(self.var).and_then(&self.format)
    }

    fn read(&self, context: &mut Context, text: &str) -> bool {
        let Some(value) = (self.parse)(text) else {
            return false;
        };
        *context = core::mem::take(context).with_value(self.var, value);
        true
    }
}
