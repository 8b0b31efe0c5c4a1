//! Arguments are dropped inside the scope, and in the order in which they would be without it.

use std::cell::RefCell;

use context_vars::{inherit_context, with_context};
use futures::executor::block_on;

use super::{USER, as_alice, assert_outside, user};
use crate::support::{poll_once, yield_once};

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes its name and the user at its drop.
struct Noisy(&'static str);

impl Drop for Noisy {
    fn drop(&mut self) {
        LOG.with_borrow_mut(|log| log.push(format!("{} {}", self.0, user())));
    }
}

impl Noisy {
    fn touch(&self) {}
}

/// Returns the names that `f` notes, each with its user if that is not "scope".
fn order(f: impl FnOnce()) -> String {
    f();
    LOG.take().join(" ").replace(" scope", "")
}

const A: Noisy = Noisy("a");
const B: Noisy = Noisy("b");
const C: Noisy = Noisy("c");
const D: Noisy = Noisy("d");

/// Checks that the function drops in the same order with and without a scope, also if it is `async`.
macro_rules! assert_usual_order {
    ($case:literal, ($($parameter:tt)*), $arguments:tt, $body:block) => {{
        #[allow(unused_variables)]
        fn plain($($parameter)*) $body

        #[allow(unused_variables)]
        #[with_context(user = "scope".to_owned())]
        fn scoped($($parameter)*) $body

        #[allow(unused_variables)]
        #[with_context(user = "scope".to_owned())]
        async fn later($($parameter)*) $body

        let usual = order(|| plain $arguments).replace(" nobody", "");
        assert_eq!(order(|| scoped $arguments), usual, "{}", $case);
        assert_eq!(order(|| block_on(later $arguments)), usual, "{}, later", $case);
    }};
}

#[test]
fn arguments_are_dropped_in_the_usual_order() {
    assert_usual_order!("used", (a: Noisy, b: Noisy, c: Noisy), (A, B, C), {
        let local = D;
        c.touch();
        a.touch();
        b.touch();
    });
    assert_usual_order!("unused", (a: Noisy, b: Noisy, c: Noisy), (A, B, C), {
        b.touch();
    });
    assert_usual_order!("ignored", (_: Noisy, b: Noisy, _c: Noisy), (A, B, C), {
        b.touch();
    });
    let e = || Noisy("e");
    assert_usual_order!(
        "taken apart",
        ((a, _): (Noisy, Noisy), (_, d): (Noisy, Noisy), e: Noisy),
        ((A, B), (C, D), e()),
        {
            e.touch();
            d.touch();
            a.touch();
        }
    );
    assert_usual_order!("moved", (a: Noisy, b: Noisy, c: Noisy), (A, B, C), {
        drop(b);
        a.touch();
    });
    assert_usual_order!(
        "in the middle",
        (a: Noisy, (b, _): (Noisy, u8), c: Noisy),
        (A, (B, 1), C),
        {
            b.touch();
            c.touch();
            a.touch();
        }
    );
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
    fn take_and_show(self, _a: Noisy) {
        assert_eq!(self.0.0, "self");
    }

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
    assert_eq!(order(|| owner().take_and_show(A)), "a self");
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
    let mut future = None;
    assert_eq!(order(|| future = Some(future_keeps(A, B))), "b");
    assert_eq!(order(|| drop(future)), "a");
}

#[with_context(user = "scope".to_owned())]
async fn keeps_over_await(a: Noisy) {
    yield_once().await;
    a.touch();
}

#[test]
fn arguments_of_a_future_that_is_dropped_half_way_are_dropped_inside() {
    let mut future = Box::pin(keeps_over_await(A));
    assert!(poll_once(future.as_mut()).is_pending());
    assert_eq!(order(|| drop(future)), "a");
    assert_outside();
}

#[inherit_context]
fn calls_a_closure(captured: Noisy) {
    let job = #[inherit_context]
    |argument: Noisy, _: Noisy, (inside, _): (Noisy, Noisy)| {
        let _local = inside;
        let _argument = &argument;
        drop(captured);
    };
    USER.sync_scope("elsewhere".to_owned(), || job(A, B, (C, D)));
}

#[inherit_context]
async fn calls_async_closures() {
    let borrowed = String::new();
    let by_reference = #[inherit_context]
    async |argument: Noisy, _: Noisy, (inside, _): (Noisy, Noisy)| {
        let _local = (&inside, &borrowed);
        let _argument = &argument;
        yield_once().await;
    };
    let by_move = #[detach_context]
    async move |_argument: Noisy| ();
    let scope = USER.scope("elsewhere".to_owned(), async {
        by_reference(A, B, (C, D)).await;
        by_move(A).await;
    });
    scope.await;
}

#[test]
fn arguments_of_a_closure_are_dropped_in_its_context() {
    let seen = order(|| as_alice(|| calls_a_closure(Noisy("captured"))));
    assert_eq!(seen, "captured alice c alice d alice b alice a alice");
    let future = USER.scope("alice".to_owned(), calls_async_closures());
    let seen = order(|| block_on(future));
    assert_eq!(seen, "c alice d alice b alice a alice a nobody");
}
