//! Iterators that run each step in a context of their own.

use core::iter::FusedIterator;

use crate::context::Context;
use crate::in_context::InContext;

/// Gives an iterator a context of its own.
///
/// Each step runs in that context, what it sets stays there for the next step, and the consumer
/// sees none of it. Closures of the consumer, such as that of `for_each`, run outside.
/// `size_hint` is asked in a copy of the context, one increment and one decrement of a reference
/// count: it has only a shared reference, and what it sets is gone with it.
///
/// # Examples
///
/// ```
/// use context_vars::{context_var, prelude::*};
///
/// context_var! {
///     static UNIT: &str = "m";
/// }
///
/// # fn main() {
/// let lengths = UNIT.sync_scope("km", || {
///     (1..=2).map(|n| format!("{n} {}", UNIT.get())).inherit_context()
/// });
/// assert_eq!(lengths.collect::<Vec<_>>(), ["1 km", "2 km"]);
/// # }
/// ```
pub trait ContextIteratorExt: Iterator + Sized {
    /// Runs each step in `context`.
    ///
    /// # Cost
    ///
    /// A step is two thread-local accesses; no allocation and no atomic operation.
    ///
    /// # Examples
    ///
    /// What a step sets is there for the next one:
    ///
    /// ```
    /// use context_vars::{Context, context_var, prelude::*};
    ///
    /// context_var! {
    ///     static STEP: u32 = 0;
    /// }
    ///
    /// # fn main() {
    /// let count = std::iter::from_fn(|| {
    ///     drop(STEP.set(STEP.get() + 1));
    ///     Some(STEP.get())
    /// });
    /// let steps: Vec<_> = count.in_context(Context::new()).take(3).collect();
    /// assert_eq!(steps, [1, 2, 3]);
    /// assert_eq!(STEP.get(), 0);
    /// # }
    /// ```
    #[inline]
    fn in_context(self, context: Context) -> InContext<Self> {
        InContext::new(self, context)
    }

    /// Runs each step in one copy of the context that is current *now*.
    ///
    /// # Cost
    ///
    /// As [`Context::current`]; a step is two swaps.
    ///
    /// # Examples
    ///
    /// Used up where another value is set:
    ///
    /// ```
    /// use context_vars::{context_var, prelude::*};
    ///
    /// context_var! {
    ///     static USER: &str = "anonymous";
    /// }
    ///
    /// # fn main() {
    /// let greetings = USER.sync_scope("alice", || {
    ///     ["hello", "bye"].into_iter().map(|word| format!("{word} {}", USER.get())).inherit_context()
    /// });
    /// USER.sync_scope("bob", || {
    ///     assert_eq!(greetings.collect::<Vec<_>>(), ["hello alice", "bye alice"]);
    /// });
    /// # }
    /// ```
    #[inline]
    fn inherit_context(self) -> InContext<Self> {
        InContext::inherit(self)
    }
}

impl<I: Iterator> ContextIteratorExt for I {}

// `fold` and its like are not forwarded: their closures are the consumer's and belong outside.
impl<I: Iterator> Iterator for InContext<I> {
    type Item = I::Item;

    #[inline]
    fn next(&mut self) -> Option<I::Item> {
        self.run_mut(I::next)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.run_ref(I::size_hint).unwrap_or((0, Some(0)))
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<I::Item> {
        self.run_mut(|iter| iter.nth(n))
    }
}

impl<I: DoubleEndedIterator> DoubleEndedIterator for InContext<I> {
    #[inline]
    fn next_back(&mut self) -> Option<I::Item> {
        self.run_mut(I::next_back)
    }

    #[inline]
    fn nth_back(&mut self, n: usize) -> Option<I::Item> {
        self.run_mut(|iter| iter.nth_back(n))
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for InContext<I> {}

impl<I: FusedIterator> FusedIterator for InContext<I> {}
