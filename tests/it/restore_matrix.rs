//! R8: after whatever work in whatever surroundings, the context is exactly what it was.
//!
//! After the restore test of kotlinx.coroutines: every body below runs in every outer shape. What
//! is seen is compared after the body, still inside the shape, and after the shape.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[cfg(tokio_unstable)]
use context_vars::task::InheritingBuilder;
use context_vars::{Context, context_var};
use futures::future::BoxFuture;
#[cfg(tokio_unstable)]
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use self::bodies::BODIES;
use self::shapes::SHAPES;
use crate::support::{COUNT, on_a_thread, two_workers, workers, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static OTHER: u32;
    /// Set by the shapes to see that a context is the same, not only equal.
    static PROBE: ();
    static SLOW_DEFAULT: &str = USER.sync_scope("in a default", || USER.get());
}

/// All that can be seen of the current context.
fn seen() -> String {
    format!("{:?}", Context::current())
}

/// One line of a table: work, and its name for the report.
#[derive(Clone, Copy)]
struct Body {
    name: &'static str,
    run: fn() -> BoxFuture<'static, ()>,
}

#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    run: fn(Body) -> BoxFuture<'static, ()>,
}

/// Defines the functions and the table of their names.
macro_rules! table {
    ($table:ident: $Line:ident; $(async fn $name:ident($($body:ident)?) $work:block)*) => {
        $(async fn $name($($body: Body)?) $work)*
        pub(super) const $table: &[$Line] = &[$($Line {
            name: stringify!($name),
            run: |$($body)?| Box::pin($name($($body)?)),
        }),*];
    };
}

mod bodies;
mod shapes;

/// Sets everything, as work does that has no regard for others.
fn trample() {
    USER.set("trampled");
    COUNT.set(99);
    OTHER.set(99);
}

async fn trample_and_yield() {
    trample();
    yield_once().await;
    trample();
}

/// Runs every body in the shape, by `on`, and reports every one that failed.
fn run_all(shape: Shape, on: impl Fn(&Runtime, BoxFuture<'static, ()>)) {
    let runtime = two_workers();
    let mut failed = Vec::new();
    for &body in BODIES {
        let before = seen();
        let run = catch_unwind(AssertUnwindSafe(|| on(&runtime, (shape.run)(body))));
        if run.is_err() || seen() != before {
            failed.push(format!("{} in {}, then {}", body.name, shape.name, seen()));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// On the thread of the test, in its root.
fn on_this_thread(runtime: &Runtime, work: BoxFuture<'static, ()>) {
    runtime.block_on(check_shape(work));
}

/// As a task, which moves between the two workers.
fn on_the_workers(runtime: &Runtime, work: BoxFuture<'static, ()>) {
    let task = runtime.spawn(COUNT.scope(5, check_shape(work)));
    runtime.block_on(task).unwrap();
}

async fn check_shape(work: impl Future<Output = ()>) {
    let before = seen();
    work.await;
    assert_eq!(seen(), before, "after the shape");
}

macro_rules! one_test_per_shape {
    ($($name:ident)*) => {$(
        mod $name {
            use super::*;

            fn shape() -> Shape {
                let named = SHAPES.iter().find(|shape| shape.name == stringify!($name));
                *named.unwrap()
            }

            #[test]
            fn on_this_thread() {
                on_a_thread(|| run_all(shape(), super::on_this_thread));
            }

            #[test]
            fn on_the_workers() {
                run_all(shape(), super::on_the_workers);
            }
        }
    )*
        #[test]
        fn every_shape_has_a_test_and_the_matrix_is_large() {
            let tested = [$(stringify!($name)),*];
            let shapes: Vec<_> = SHAPES.iter().map(|shape| shape.name).collect();
            assert_eq!(shapes, tested);
            assert!(SHAPES.len() >= 9 && BODIES.len() >= 15);
        }
    };
}

one_test_per_shape! {
    nothing_set set scope two_nested_scopes scope_of_another_variable scope_by_attribute
    inherited_task task_in_an_empty_context within_a_timeout branch_of_select branch_of_join
    other_executor_on_the_thread other_executors_task blocking_closure_that_blocks_on
    step_of_a_stream thread_that_blocks_on
}

/// The matrix on a runtime whose plain `tokio::spawn` inherits.
#[cfg(tokio_unstable)]
#[test]
fn every_shape_on_a_runtime_that_inherits() {
    let runtime =
        InheritingBuilder::new(Builder::new_multi_thread().worker_threads(2).enable_all())
            .build()
            .unwrap();
    for shape in SHAPES {
        run_all(*shape, |_, work| {
            let task = COUNT.sync_scope(5, || runtime.spawn(check_shape(work)));
            runtime.block_on(task).unwrap();
        });
    }
}

#[test]
fn a_body_that_leaves_something_behind_is_found() {
    let careless = Body {
        name: "careless",
        run: || Box::pin(trample_and_yield()),
    };
    let found = |shape: &Shape| {
        let work = (shape.run)(careless);
        catch_unwind(AssertUnwindSafe(|| on_the_workers(&workers(1), work))).is_err()
    };
    for shape in SHAPES {
        assert!(found(shape), "{}", shape.name);
    }
}
