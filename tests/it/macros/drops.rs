//! Arguments are dropped inside the scope, and in the order in which they would be without it.

use std::sync::Mutex;

use context_vars::with_context;

use super::{USER, assert_outside, user};
use crate::support::{poll_once, yield_once};

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// One test at a time writes the log.
static TURN: Mutex<()> = Mutex::new(());

/// Notes its name and the user at its drop.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.lock().unwrap().push(format!("{} {}", self.0, user()));
    }
}

impl Noisy {
    fn touch(&self) {}
}

/// Returns the names that `f` notes.
fn order(f: impl FnOnce()) -> String {
    let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    LOG.lock().unwrap().clear();
    f();
    let notes = LOG.lock().unwrap();
    let names = notes.iter().map(|note| {
        assert!(
            note.ends_with(" scope") || note.ends_with(" nobody"),
            "{note}"
        );
        note.trim_end_matches(" scope").to_owned()
    });
    names.collect::<Vec<_>>().join(" ")
}

fn block_on(future: impl Future<Output = ()>) {
    futures::executor::block_on(future);
}

const A: Noisy = Noisy("a");
const B: Noisy = Noisy("b");
const C: Noisy = Noisy("c");
const D: Noisy = Noisy("d");

/// The same function three times: plain, with a scope, and async with a scope.
macro_rules! thrice {
    ($plain:ident $scoped:ident $later:ident($($parameters:tt)*) $body:block) => {
        #[allow(unused_variables, clippy::let_and_return)]
        fn $plain($($parameters)*) $body

        #[allow(unused_variables, clippy::let_and_return)]
        #[with_context(user = "scope".to_owned())]
        fn $scoped($($parameters)*) $body

        #[allow(unused_variables, clippy::let_and_return)]
        #[with_context(user = "scope".to_owned())]
        async fn $later($($parameters)*) $body
    };
}

thrice!(used scoped_used later_used(a: Noisy, b: Noisy, c: Noisy) {
    let local = D;
    c.touch();
    a.touch();
    b.touch();
});

thrice!(unused scoped_unused later_unused(a: Noisy, b: Noisy, c: Noisy) {
    b.touch();
});

thrice!(ignored scoped_ignored later_ignored(_: Noisy, b: Noisy, _c: Noisy) {
    b.touch();
});

thrice!(taken_apart scoped_taken_apart later_taken_apart(
    (a, _): (Noisy, Noisy),
    (_, d): (Noisy, Noisy),
    c: Noisy
) {
    c.touch();
    d.touch();
    a.touch();
});

thrice!(moved scoped_moved later_moved(a: Noisy, b: Noisy, c: Noisy) {
    drop(b);
    a.touch();
});

thrice!(in_the_middle scoped_in_the_middle later_in_the_middle(
    a: Noisy,
    (b, _): (Noisy, u8),
    c: Noisy
) {
    b.touch();
    c.touch();
    a.touch();
});

#[test]
fn arguments_are_dropped_in_the_usual_order() {
    macro_rules! orders {
        ($($plain:ident $scoped:ident $later:ident $arguments:tt)*) => {[$((
            stringify!($plain),
            order(|| $plain $arguments),
            order(|| $scoped $arguments),
            order(|| block_on($later $arguments)),
        )),*]};
    }
    let e = || Noisy("e");
    let cases = orders! {
        used scoped_used later_used(A, B, C)
        unused scoped_unused later_unused(A, B, C)
        ignored scoped_ignored later_ignored(A, B, C)
        taken_apart scoped_taken_apart later_taken_apart((A, B), (C, D), e())
        moved scoped_moved later_moved(A, B, C)
        in_the_middle scoped_in_the_middle later_in_the_middle(A, (B, 1), C)
    };
    for (case, usual, scoped, later) in cases {
        let usual = usual.replace(" nobody", "");
        assert_eq!((&scoped, &later), (&usual, &usual), "{case}");
    }
}

struct Owner(Noisy);

impl Owner {
    #[with_context(user = "scope".to_owned())]
    fn take(self, a: Noisy) {
        self.0.touch();
        a.touch();
    }

    #[with_context(user = "scope".to_owned())]
    fn take_unmentioned(self, _a: Noisy) {}

    #[with_context(user = "scope".to_owned())]
    async fn take_later(self, a: Noisy) {
        self.0.touch();
        a.touch();
    }

    #[with_context(user = "scope".to_owned())]
    async fn take_unmentioned_later(self, _a: Noisy) {}

    #[with_context(user = "scope".to_owned())]
    fn take_and_return_future(self, a: Noisy) -> impl Future<Output = ()> {
        a.touch();
        async {}
    }
}

#[test]
fn self_is_dropped_last_and_inside() {
    let owner = || Owner(Noisy("self"));
    assert_eq!(order(|| owner().take(A)), "a self");
    assert_eq!(order(|| owner().take_unmentioned(A)), "a self");
    assert_eq!(order(|| block_on(owner().take_later(A))), "a self");
    let later = order(|| block_on(owner().take_unmentioned_later(A)));
    assert_eq!(later, "a self");
    assert_eq!(order(|| drop(owner().take_and_return_future(A))), "a self");
}

#[with_context(user = "scope".to_owned())]
fn value_takes(a: Noisy) {
    let _moved = a;
}

#[allow(unused_variables)]
#[with_context(user = "scope".to_owned())]
fn future_keeps(a: Noisy, b: Noisy) -> impl Future<Output = ()> {
    async move {
        yield_once().await;
        a.touch();
    }
}

#[test]
fn what_a_returned_future_keeps_is_dropped_with_it_and_inside() {
    assert_eq!(order(|| value_takes(A)), "a");
    let seen = order(|| {
        let future = future_keeps(A, B);
        assert_eq!(*LOG.lock().unwrap(), ["b scope"]);
        drop(future);
    });
    assert_eq!(seen, "b a");
}

#[test]
fn arguments_of_a_future_that_is_dropped_half_way_are_dropped_inside() {
    let seen = order(|| {
        let mut future = Box::pin(keeps_over_await(A));
        assert!(poll_once(future.as_mut()).is_pending());
        drop(future);
    });
    assert_eq!(seen, "a");
    assert_outside();
}

#[with_context(user = "scope".to_owned())]
async fn keeps_over_await(a: Noisy) {
    yield_once().await;
    a.touch();
}
