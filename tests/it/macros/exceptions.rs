//! The cases in which the attributes are not neutral, and the workarounds; see `docs/limitations.md`.

use std::cell::RefCell;
use std::future::ready;
use std::panic::Location;
use std::pin::Pin;

use context_vars::{detached, inherit_context, with_context};
use futures::executor::block_on;

use super::spawner::{exactly, spawn};
use super::{USER, as_alice, user};
use crate::support::{OnDrop, panic_of};

// ---- `#[inherit_context]` ----

#[inherit_context]
async fn result_with_the_work_in_it() -> (u8, u8) {
    let work = ready(5);
    // Only a `Ready` has this method.
    let shown = exactly::spawn({ work }).into_inner();
    (shown, exactly::spawn(ready(6)).await)
}

#[test]
fn a_result_shows_the_work_that_was_given_in_braces() {
    assert_eq!(block_on(result_with_the_work_in_it()), (5, 6));
}

fn make() -> impl Future<Output = [String; 2]> {
    let called = user();
    async { [called, user()] }
}

#[inherit_context]
fn futures_made_elsewhere() -> [[String; 2]; 2] {
    fn spawn_pinned<F: Future>(make: impl FnOnce() -> F) -> F::Output {
        detached(|| block_on(make()))
    }
    [spawn_pinned(make), spawn_pinned(|| async { make().await })]
}

#[test]
fn a_future_made_by_a_function_given_by_name_does_not_inherit() {
    let [named, literal] = as_alice(futures_made_elsewhere);
    assert_eq!(named, ["alice", "nobody"]);
    assert_eq!(literal, ["alice", "alice"]);
}

#[inherit_context]
fn drops(log: &RefCell<Vec<String>>) {
    fn spawn_never<F: FnOnce()>(job: F) {
        detached(|| drop(job));
    }
    let [first, second, third] = [(); 3].map(|()| OnDrop(|| log.borrow_mut().push(user())));
    let by_name = move || drop(first);
    spawn(by_name);
    spawn(|| drop(second));
    spawn_never(move || drop(third));
}

#[test]
fn what_work_gives_away_is_dropped_inside_and_what_is_never_called_outside() {
    let log = RefCell::default();
    as_alice(|| drops(&log));
    assert_eq!(*log.borrow(), ["alice", "alice", "nobody"]);
}

// ---- `#[with_context]` ----

#[track_caller]
#[with_context(user = "u".to_owned())]
fn returns_a_future() -> impl Future<Output = u32> {
    let line = Location::caller().line();
    async move { line }
}

#[track_caller]
#[with_context(user = "u".to_owned())]
fn returns_a_value() -> u32 {
    Location::caller().line()
}

#[test]
fn the_caller_is_not_tracked_where_a_future_is_returned() {
    assert_eq!(returns_a_value(), line!());
    assert_ne!(block_on(returns_a_future()), line!());
}

struct Job(u8);

impl Job {
    #[track_caller]
    #[with_context(user = "u".to_owned())]
    fn asserts(self) {
        assert!(self.0 > 9);
    }
}

#[test]
fn a_macro_prints_another_name_of_self_where_the_caller_is_tracked() {
    let text = panic_of(|| Job(5).asserts());
    assert_eq!(text, "assertion failed: __self.0 > 9");
}

/// Makes futures; the method is neutral because of `T: 'static`, which it would not need by itself.
struct Maker<T>(fn() -> Pin<Box<dyn Future<Output = T>>>);

impl<T: 'static> Maker<T> {
    #[with_context(user = "u".to_owned())]
    fn make(&self) -> Pin<Box<dyn Future<Output = T>>> {
        (self.0)()
    }
}

#[test]
fn the_output_of_a_boxed_future_lives_as_long_as_the_box() {
    let maker = Maker(|| Box::pin(async { user() }));
    assert_eq!(block_on(maker.make()), "u");
}

#[with_context(user = "u".to_owned())]
fn nested(depth: usize) -> Pin<Box<dyn Future<Output = usize>>> {
    if depth == 0 {
        return Box::pin(async { user().len() });
    }
    Box::pin(async move { nested(depth - 1).await + 1 })
}

#[test]
fn a_thousand_nested_scopes_need_a_larger_stack() {
    let thread = std::thread::Builder::new().stack_size(8 << 20);
    let thread = thread.spawn(|| block_on(nested(1000)));
    assert_eq!(thread.unwrap().join().unwrap(), 1001);
}

trait Measure: Fn(&str) -> usize {}

impl<F: Fn(&str) -> usize> Measure for F {}

#[with_context(user = "u".to_owned())]
fn closure_under_another_name() -> impl Measure {
    |text: &str| text.len() + user().len()
}

#[test]
fn a_closure_under_another_name_runs_outside_and_shows_its_parameters() {
    assert_eq!(as_alice(|| closure_under_another_name()("abc")), 8);
    assert!(!USER.is_set());
}
