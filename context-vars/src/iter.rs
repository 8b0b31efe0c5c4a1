//! Iterators that run each step in a context of their own.

use core::iter::FusedIterator;

use crate::in_context::InContext;

/// Each step runs in the context, and what it sets is there for the next one.
///
/// Closures of the consumer, such as that of `for_each`, run outside. `size_hint` has only a shared
/// reference, so it is asked in a copy of the context, and what it sets is dropped.
// `fold` and its like are not forwarded, because their closures are the consumer's.
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
