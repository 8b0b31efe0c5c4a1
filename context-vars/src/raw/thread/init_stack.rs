//! Which defaults a thread is computing, so that one that needs itself is refused.

use core::cell::Cell;
use core::ptr;

use crate::var::Info;

/// The defaults being computed, the innermost first.
pub(super) struct Makings(Cell<Option<Box<Making>>>);

struct Making {
    info: &'static Info,
    around: Option<Box<Making>>,
}

impl Makings {
    pub(super) const fn new() -> Self {
        Self(Cell::new(None))
    }

    /// Notes that the default of this variable is being computed, until the result is dropped.
    ///
    /// # Panics
    ///
    /// If it is being computed already.
    #[track_caller]
    pub(super) fn begin(&self, info: &'static Info) -> Begun<'_> {
        let around = self.0.take();
        let circle = has(around.as_deref(), info);
        self.0.set(around);
        assert!(
            !circle,
            "the default of context variable `{info}` needs itself: computing it read the variable \
             again (declared at {})",
            info.location
        );
        let around = self.0.take();
        self.0.set(Some(Box::new(Making { info, around })));
        Begun(self)
    }
}

fn has(mut next: Option<&Making>, info: &'static Info) -> bool {
    while let Some(making) = next {
        if ptr::eq(making.info, info) {
            return true;
        }
        next = making.around.as_deref();
    }
    false
}

/// Takes the innermost off when its default is there, or has panicked.
pub(super) struct Begun<'a>(&'a Makings);

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let innermost = self.0.0.take();
        self.0.0.set(innermost.and_then(|making| making.around));
    }
}
