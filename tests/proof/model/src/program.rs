//! Programs: what can be done, in what can be nested.
//!
//! `u16` names a variable, modulo their number; [`Pick`] names one of the things that the program
//! keeps (contexts, tokens, works), modulo theirs. A step that names nothing is skipped.

use std::fmt;

use crate::value::Hook;
use crate::variables::Variables;

/// An index of the things that are kept.
pub type Pick = u8;
/// Operations inside another.
pub type Body = Vec<Op>;

#[derive(Clone)]
pub struct Program {
    pub variables: Variables,
    /// `true` if it runs in the root of a new thread, else in an empty context.
    pub in_root: bool,
    pub body: Body,
}

/// On one line: the alternate form would take hundreds.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            variables,
            in_root,
            body,
        } = self;
        write!(f, "{variables:?}, in_root: {in_root}, {body:?}")
    }
}

#[derive(Clone, Debug)]
pub enum Op {
    // Reading.
    Read(u16),
    Get(u16),
    GetOr(u16),
    IsSet(u16),
    ReadAll,
    With(u16, Body),
    // Setting.
    Set(u16, Hook, Keep),
    SetMany(u16, u16),
    Unset(u16, Keep),
    Reset(Pick),
    ResetBy(Pick, u16),
    OldValue(Pick),
    DropToken(Pick),
    // Scopes.
    Scope(u16, Hook, Body),
    /// The expansion of `#[with_context]` on a function: a scope in which up to four variables are
    /// set together, in order. They can be the same one.
    Function(Vec<(u16, Hook)>, Body),
    Detached(Body),
    // Contexts.
    Snapshot,
    CloneOf(Pick),
    DropContext(Pick),
    Run(Pick, Body),
    /// Polls a future with these steps in a context that is kept, with the body in between, so many
    /// times at most, and drops it.
    RunAsync(Pick, RunAsync),
    Attach(Pick),
    Detach(Pick),
    DropGuard(Pick),
    ForgetGuard(Pick),
    WithValue(Pick, u16, Hook),
    Without(Pick, u16),
    Look(Pick, u16),
    Enumerate(Pick),
    EnumerateCurrent,
    // Work that has a context.
    Start(Work, Vec<Body>, Hook),
    Poll(Pick),
    PollOnThread(Pick),
    DropWork(Pick),
    DropWorkOnThread(Pick),
    /// Opens a message, in its first step, and keeps what then goes on as a future.
    Handle(Pick),
    // The rest.
    Thread(Inherits, Body),
    /// Moves all tokens to another thread and drops them there.
    DropTokensOnThread,
    Throw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Token,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inherits {
    Yes,
    No,
}

/// The arguments of [`Op::RunAsync`].
#[derive(Clone, Debug)]
pub struct RunAsync {
    pub steps: Vec<Body>,
    pub between: Body,
    pub polls: u8,
    pub hook: Hook,
}

/// Work with a context, done in steps.
#[derive(Clone, Debug)]
pub enum Work {
    /// A future in these wrappers, the outermost first.
    Future(Vec<Wrap>),
    /// An iterator that inherits.
    Iterator,
    /// `inherit_fn`: can be called again and again.
    Function,
    /// `inherit`: is done in one step.
    Closure,
    /// A message in a context, which is opened in one step.
    Message,
}

#[derive(Clone, Debug)]
pub enum Wrap {
    /// `VAR.scope(..)`.
    Scope(u16, Hook),
    /// The expansion of `#[with_context]` without values on an `async fn`.
    Isolating,
    /// `.inherit_context()`, where it is wrapped.
    Inherit,
    /// `.in_context(..)`, of a context that is kept.
    In(Pick),
}
