//! `Context::attach`: a context that one call makes current and another call ends (R22).

use core::fmt;

use crate::context::Context;
use crate::raw::context::RawContext;
use crate::raw::thread::Attachment;

impl Context {
    /// Makes this context current on this thread until the guard is dropped.
    ///
    /// Use `attach` in code that is called once at the beginning and once at the end, with no closure in
    /// between. Examples are `on_enter` and `on_exit` of a `tracing` layer, callbacks from C, and a
    /// function that returns a guard. Everywhere else prefer [`run`](Self::run), a scope or
    /// [`in_context`](crate::ContextExt::in_context), because they end by themselves.
    ///
    /// If `attach` is called inside a scope, `run` or poll, the attached context ends at the latest when
    /// that scope, `run` or poll ends. The context around it is then restored exactly. A guard that
    /// lives longer keeps the attached context, so that [`detach`](Attached::detach) can return it.
    /// Dropping such a guard only drops the context, and forgetting the guard leaks the values. Guards
    /// can be dropped in any order: the current context stays current until its own guard is dropped.
    ///
    /// A copy that [`Context::current`] returns has no `#[no_inherit]` variables, so they are unset
    /// while the copy is attached.
    ///
    /// A tokio task that has no context of its own can [`set`](crate::ContextVar::set) variables in a
    /// context that the task has attached itself.
    ///
    /// # In the root of a thread
    ///
    /// Outside of every scope, `run` and poll, the attached context ends only when the guard is dropped
    /// or the thread ends. If such a guard is forgotten, or held over an `.await` of a local task, the
    /// task that is polled next on the thread sees the values. Use `in_context` for futures. Clippy's
    /// `await-holding-invalid-types` finds guards of type `context_vars::Attached` that are held over an
    /// `.await`.
    ///
    /// # Cost
    ///
    /// One allocation, and a second allocation if the guard is dropped inside a scope, `run` or poll that
    /// began while the context was attached. A guard that is dropped out of order is searched for among
    /// the attached contexts.
    ///
    /// # Examples
    ///
    /// A pair of callbacks:
    ///
    /// ```
    /// use context_vars::{Attached, Context, context_var};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// #[derive(Default)]
    /// struct Hooks {
    ///     attached: Option<Attached>,
    /// }
    ///
    /// impl Hooks {
    ///     fn on_enter(&mut self) {
    ///         self.attached = Some(Context::current().with_value(&USER, "alice").attach());
    ///     }
    ///     fn on_exit(&mut self) {
    ///         self.attached = None;
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let mut hooks = Hooks::default();
    /// hooks.on_enter();
    /// assert_eq!(USER.get(), "alice");
    /// hooks.on_exit();
    /// assert_eq!(USER.get(), "anonymous");
    /// # }
    /// ```
    pub fn attach(self) -> Attached {
        Attached(Attachment::new(self.raw))
    }
}

/// A guard that ends an attached context when it is dropped; see [`Context::attach`].
///
/// A guard belongs to the thread on which it was created, so it is neither `Send` nor `Sync`.
#[must_use = "the context is attached until this is dropped"]
pub struct Attached(Attachment);

impl Attached {
    /// Ends the attached context and returns it, with the values that were set in it.
    ///
    /// If the context ended earlier, with the scope, `run` or poll around it, `detach` returns the context
    /// as it was at that point.
    ///
    /// The returned context is empty in two cases:
    ///
    /// * `detach` is called inside a scope, `run` or poll that began under this guard, with no other guard
    ///   in between. The scope, `run` or poll still holds the context on its stack, where `detach` cannot
    ///   reach it, and drops the context when it ends. To get the values, call `detach` after that, or
    ///   make a copy with [`Context::current`] before the scope, `run` or poll begins.
    /// * `detach` is called in the destructor of a thread-local, after the thread has ended the contexts
    ///   that were attached in its root.
    ///
    /// # Examples
    ///
    /// Reading a value that was set while the context was attached:
    ///
    /// ```
    /// use context_vars::{Context, context_var};
    ///
    /// context_var! {
    ///     static STEPS: u32 = 0;
    /// }
    ///
    /// # fn main() {
    /// let attached = Context::new().attach();
    /// STEPS.set(3);
    /// let context = attached.detach();
    /// assert_eq!(STEPS.get(), 0);
    /// assert_eq!(context.get(&STEPS), Some(&3));
    /// # }
    /// ```
    pub fn detach(self) -> Context {
        let raw = self.0.detach().unwrap_or(RawContext::EMPTY);
        Context { raw }
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").finish_non_exhaustive()
    }
}
