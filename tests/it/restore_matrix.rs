//! R8: after whatever work in whatever surroundings, the context is exactly what it was.
//!
//! After the restore test of kotlinx.coroutines: every body below runs in every outer shape. What
//! is seen is compared after the body, still inside the shape, and after the shape.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::time::Duration;

use context_vars::{Context, context_var, isolated, prelude::*, task};
use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{block_in_place, yield_now};
use tokio::time::{sleep, timeout};

use crate::support::{panic_of, poll_once, yield_once};

context_var! {
    static USER: &str = "anonymous";
    static COUNT: u32 = 0;
    static OTHER: u32;
    /// Set by the shapes to see that a context is the same, not only equal.
    static PROBE: ();
    static SLOW_DEFAULT: &str = USER.sync_scope("in a default", || USER.get());
}

const SHORTLY: Duration = Duration::from_micros(200);

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
        const $table: &[$Line] = &[$($Line {
            name: stringify!($name),
            run: |$($body)?| Box::pin($name($($body)?)),
        }),*];
    };
}

/// Sets everything, as work does that has no regard for others.
fn trample() {
    drop(USER.set("trampled"));
    drop(COUNT.set(99));
    drop(OTHER.set(99));
}

async fn trample_and_yield() {
    trample();
    yield_once().await;
    trample();
}

#[context_vars::with_context(user = "attribute")]
fn sync_attribute() {
    trample();
}

#[context_vars::with_context(user = "attribute")]
async fn async_attribute() {
    trample_and_yield().await;
}

#[context_vars::with_context]
async fn isolating_attribute() -> Result<(), ()> {
    trample_and_yield().await;
    Err(())?;
    unreachable!()
}

fn deep_sleep(depth: u32) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        match depth {
            0 => sleep(SHORTLY).await,
            _ => COUNT.scope(depth, deep_sleep(depth - 1)).await,
        }
    })
}

table! {
    BODIES: Body;
    async fn nothing() {}
    async fn yields() {
        for _ in 0..3 {
            yield_now().await;
        }
    }
    async fn sleeps() {
        sleep(SHORTLY).await;
    }
    async fn sleeps_deep_below() {
        deep_sleep(5).await;
    }
    async fn inner_sync_scope() {
        USER.sync_scope("inner", trample);
    }
    async fn inner_scope() {
        USER.scope("inner", trample_and_yield()).await;
    }
    async fn inner_scopes_nested() {
        USER.scope("inner", COUNT.scope(1, trample_and_yield())).await;
    }
    async fn inner_sync_attribute() {
        sync_attribute();
    }
    async fn inner_async_attribute() {
        async_attribute().await;
    }
    async fn inner_context_run() {
        Context::current().with_value(&USER, "inner").run(trample);
    }
    async fn inner_in_context() {
        trample_and_yield().in_context(Context::new()).await;
    }
    async fn inner_inherit_context() {
        trample_and_yield().inherit_context().await;
    }
    async fn isolated_closure() {
        isolated(trample);
    }
    async fn set_and_reset() {
        let (user, other) = (USER.set("inner"), OTHER.set(2));
        yield_once().await;
        // In the order of the sets, which is not that of a stack.
        user.reset().unwrap();
        other.reset().unwrap();
    }
    async fn spawned_and_awaited() {
        task::spawn(trample_and_yield()).await.unwrap();
    }
    async fn spawned_and_forgotten() {
        task::spawn(trample_and_yield());
    }
    async fn blocking_closure() {
        task::spawn_blocking(trample).await.unwrap();
    }
    async fn thread() {
        context_vars::thread::spawn(trample).join().unwrap();
    }
    async fn panics_in_a_scope() {
        assert_eq!(panic_of(|| USER.sync_scope("inner", || -> () { panic!("inside") })), "inside");
    }
    async fn panics_in_a_poll() {
        let mut inner = Box::pin(USER.scope("inner", async {
            trample_and_yield().await;
            panic!("inside");
        }));
        assert!(poll_once(inner.as_mut()).is_pending());
        assert_eq!(panic_of(|| poll_once(inner.as_mut())), "inside");
    }
    async fn returns_early() {
        assert_eq!(isolating_attribute().await, Err(()));
    }
    async fn dropped_half_way() {
        let mut inner = Box::pin(USER.scope("inner", trample_and_yield()));
        assert!(poll_once(inner.as_mut()).is_pending());
    }
    async fn never_polled() {
        drop(USER.scope("inner", trample_and_yield()));
        drop(trample_and_yield().inherit_context());
    }
    async fn blocks_in_place() {
        block_in_place(|| USER.sync_scope("inner", trample));
    }
    async fn nested_block_on() {
        block_in_place(|| Handle::current().block_on(USER.scope("inner", trample_and_yield())));
    }
    async fn nested_runtime() {
        block_in_place(|| {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(USER.scope("inner", async {
                task::spawn(trample_and_yield()).await.unwrap();
                trample();
            }));
        });
    }
    async fn stream_steps() {
        let steps = stream::iter(0..3).then(|_| trample_and_yield());
        let steps = steps.in_context(Context::new()).collect::<Vec<_>>();
        assert_eq!(steps.await.len(), 3);
    }
    async fn half_used_stream() {
        let mut steps = pin!(stream::repeat_with(trample).inherit_context());
        steps.next().await;
    }
    async fn iterator_steps() {
        assert_eq!((0..3).map(|_| trample()).inherit_context().rev().count(), 3);
    }
    async fn branch_that_lost() {
        tokio::select! {
            biased;
            () = USER.scope("lost", async {
                trample();
                std::future::pending().await
            }) => unreachable!(),
            () = USER.scope("won", trample_and_yield()) => {}
        }
    }
    async fn time_is_up() {
        let never = USER.scope("late", async {
            trample();
            std::future::pending::<()>().await;
        });
        timeout(SHORTLY, never).await.unwrap_err();
    }
    async fn polled_elsewhere_half_way() {
        let mut inner = Box::pin(USER.scope("inner", async {
            trample_and_yield().await;
            trample_and_yield().await;
        }));
        assert!(poll_once(inner.as_mut()).is_pending());
        let there = std::thread::spawn(|| {
            assert!(poll_once(inner.as_mut()).is_pending());
            (inner, seen())
        });
        let (inner, elsewhere) = there.join().unwrap();
        assert_eq!(elsewhere, "{}");
        inner.await;
    }
    async fn joined_scopes() {
        tokio::join!(USER.scope("a", trample_and_yield()), COUNT.scope(1, trample_and_yield()));
    }
    async fn computes_a_default() {
        assert_eq!(SLOW_DEFAULT.get(), "in a default");
    }
}

/// Runs the body and compares what is seen around it.
async fn checked(body: Body) {
    let before = seen();
    (body.run)().await;
    assert_eq!(seen(), before, "after the body");
}

/// As [`checked`], and sees that the context is the same one by a token of it.
async fn probed(body: Body) {
    let token = PROBE.set(());
    checked(body).await;
    assert!(token.reset().is_ok(), "another context after the body");
}

#[context_vars::with_context(user = "outer", other = 1)]
async fn attribute(body: Body) {
    probed(body).await;
}

table! {
    SHAPES: Shape;
    async fn nothing_set(body) {
        checked(body).await;
    }
    async fn set(body) {
        let token = USER.set("outer");
        probed(body).await;
        token.reset().unwrap();
    }
    async fn scope(body) {
        USER.scope("outer", probed(body)).await;
    }
    async fn two_nested_scopes(body) {
        let inner = async {
            USER.scope("inner", probed(body)).await;
            assert_eq!(USER.get(), "outer");
        };
        USER.scope("outer", inner).await;
    }
    async fn scope_of_another_variable(body) {
        OTHER.scope(1, probed(body)).await;
    }
    async fn scope_by_attribute(body) {
        attribute(body).await;
    }
    async fn inherited_task(body) {
        let task = USER.sync_scope("outer", || task::spawn(probed(body)));
        task.await.unwrap();
    }
    async fn task_in_an_empty_context(body) {
        tokio::spawn(probed(body).in_context(Context::new())).await.unwrap();
    }
    async fn within_a_timeout(body) {
        let ample = Duration::from_secs(60);
        USER.scope("outer", timeout(ample, probed(body))).await.unwrap();
    }
    async fn branch_of_select(body) {
        tokio::select! {
            biased;
            () = COUNT.scope(7, async {
                trample();
                std::future::pending().await
            }) => unreachable!(),
            () = USER.scope("outer", probed(body)) => {}
        }
    }
    async fn branch_of_join(body) {
        tokio::join!(USER.scope("outer", probed(body)), COUNT.scope(7, trample_and_yield()));
    }
    async fn other_executor_on_the_thread(body) {
        block_in_place(|| USER.sync_scope("outer", || smol::block_on(probed(body))));
    }
    async fn other_executors_task(body) {
        let executor = smol::LocalExecutor::new();
        let task = USER.sync_scope("outer", || executor.spawn(probed(body).inherit_context()));
        block_in_place(|| smol::block_on(executor.run(task)));
    }
    async fn blocking_closure_that_blocks_on(body) {
        let closure = move || Handle::current().block_on(probed(body));
        USER.sync_scope("outer", || task::spawn_blocking(closure)).await.unwrap();
    }
    async fn step_of_a_stream(body) {
        let steps = stream::iter([body; 2]).then(probed);
        USER.sync_scope("outer", || steps.inherit_context()).collect::<()>().await;
    }
    async fn thread_that_blocks_on(body) {
        // A thread without anything, on which a scope blocks.
        let handle = Handle::current();
        let there = move || OTHER.sync_scope(1, || handle.block_on(probed(body)));
        std::thread::spawn(there).join().unwrap();
    }
}

/// Runs every body in the shape, by `on`, and reports every one that failed.
fn run_all(shape: Shape, on: impl Fn(&Runtime, BoxFuture<'static, ()>)) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
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
                std::thread::spawn(|| run_all(shape(), super::on_this_thread)).join().unwrap();
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
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .inherit_context()
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
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        catch_unwind(AssertUnwindSafe(|| on_the_workers(&runtime, work))).is_err()
    };
    let missed: Vec<_> = SHAPES
        .iter()
        .filter(|shape| !found(shape))
        .map(|shape| shape.name)
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}
