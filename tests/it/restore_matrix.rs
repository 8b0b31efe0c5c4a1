//! R8: after whatever work in whatever surroundings, the context is exactly what it was.
//!
//! After the restore test of kotlinx.coroutines: every body below runs in every outer shape. The
//! visible values are compared after the body, still inside the shape, and after the shape.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use context_vars::{Context, context_var};
use futures::future::BoxFuture;
use tokio::runtime::Runtime;

use self::bodies::BODIES;
use self::shapes::SHAPES;
use crate::support::{COUNT, USER, two_workers, workers, yield_once};

context_var! {
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

const _: () = assert!(SHAPES.len() >= 16 && BODIES.len() >= 33);

/// Runs every body in every shape, by `on`, and reports every pair that failed.
fn run_all(runtime: &Runtime, on: fn(&Runtime, BoxFuture<'static, ()>)) {
    let mut failed = Vec::new();
    for shape in SHAPES {
        for &body in BODIES {
            let before = seen();
            let run = catch_unwind(AssertUnwindSafe(|| on(runtime, (shape.run)(body))));
            if run.is_err() || seen() != before {
                failed.push(format!("{} in {}, then {}", body.name, shape.name, seen()));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// As a task, which moves between the workers.
fn on_the_workers(runtime: &Runtime, work: BoxFuture<'static, ()>) {
    let task = runtime.spawn(COUNT.scope(5, check_shape(work)));
    runtime.block_on(task).unwrap();
}

async fn check_shape(work: impl Future<Output = ()>) {
    let before = seen();
    work.await;
    assert_eq!(seen(), before, "after the shape");
}

#[test]
fn every_body_in_every_shape_in_the_root_of_a_thread() {
    run_all(&two_workers(), |runtime, work| {
        runtime.block_on(check_shape(work));
    });
}

#[test]
fn every_body_in_every_shape_in_a_task() {
    run_all(&two_workers(), on_the_workers);
}

/// The matrix on a runtime whose plain `tokio::spawn` inherits.
#[cfg(tokio_unstable)]
#[test]
fn every_body_in_every_shape_on_a_runtime_that_inherits() {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    let runtime = context_vars::task::InheritingBuilder::new(&mut builder).build();
    run_all(&runtime.unwrap(), |runtime, work| {
        let task = COUNT.sync_scope(5, || runtime.spawn(check_shape(work)));
        runtime.block_on(task).unwrap();
    });
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
