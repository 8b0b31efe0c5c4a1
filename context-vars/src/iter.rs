//! Iterators that run each step in their context.

use core::iter::FusedIterator;

use crate::in_context::InContext;

/// Each step runs in the context, and the next step sees the values that it sets.
///
/// Closures of the consumer, such as the argument of `for_each`, run outside of the context. `size_hint`
/// has only a shared reference, so it is called in a copy of the context, and values that it sets are
/// dropped.
// `fold` and similar methods are not forwarded to the iterator inside, because the consumer's closures
// would then run in the iterator's context.
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
