//! `Context::attach`: a context that one call makes current and another ends (R22).

use core::fmt;

use crate::context::Context;
use crate::raw::context::RawContext;
use crate::raw::thread::Attachment;

impl Context {
    /// Makes this context current on this thread until the guard is dropped.
    ///
    /// Use this in code that is *given* two calls and no closure to put in between: `on_enter` and
    /// `on_exit` of a `tracing` layer, callbacks from C, a function that returns a guard. Everywhere
    /// else [`run`](Self::run), a scope or [`in_context`](crate::ContextExt::in_context) is better:
    /// they end by themselves.
    ///
    /// A scope, `run` or poll inside which this is called ends the attached context at the latest, and
    /// restores exactly what was around it. If the guard outlives that, it keeps the context for
    /// [`detach`](Attached::detach), and dropping it changes nothing else. Forgetting such a guard leaks
    /// the values. Guards may be dropped in any order: the current context stays until its own guard is
    /// dropped.
    ///
    /// A copy that [`Context::current`] returns has no `#[no_inherit]` variables. While it is attached,
    /// they are unset.
    ///
    /// A tokio task that has no context of its own may [`set`](crate::ContextVar::set) under a context
    /// that it has attached itself.
    ///
    /// # In the root of a thread
    ///
    /// Outside of every scope, `run` and poll, only the guard ends the attached context, or the end
    /// of the thread. If such a guard is held over an `.await` of a local task, or forgotten, what is
    /// polled next on the thread sees its values. Use `in_context` for futures. Clippy's
    /// `await-holding-invalid-types` finds guards of type `context_vars::Attached` that are held over an
    /// `.await`.
    ///
    /// # Cost
    ///
    /// One allocation, and a second one for a guard that is dropped inside of a scope, `run` or poll that
    /// began under it. Guards that are dropped out of order are searched for among those attached.
    ///
    /// # Examples
    ///
    /// Two callbacks:
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

/// Ends an attached context when it is dropped; see [`Context::attach`].
///
/// It belongs to the thread that it was created on, so it is neither `Send` nor `Sync`.
#[must_use = "the context is attached until this is dropped"]
pub struct Attached(Attachment);

impl Attached {
    /// Ends the attached context and returns it, with what was set in it.
    ///
    /// If the context has ended before, with the scope, `run` or poll around it, this is the context as
    /// it was then.
    ///
    /// The returned context is empty in two cases:
    ///
    /// * Inside of a scope, `run` or poll that began under this guard, with no other guard in between.
    ///   That still needs the context and has it on its stack, where `detach` cannot reach it. The
    ///   context is dropped when the scope, `run` or poll ends. Call `detach` after that to get what was
    ///   set, or keep a copy by [`Context::current`] before it begins.
    /// * After the thread has ended what was attached in its root, in the destructor of a thread-local.
    ///
    /// # Examples
    ///
    /// What was set meanwhile:
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
