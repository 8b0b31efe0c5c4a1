//! An allocator that attaches a context and keeps the guard, or drops one, at any moment.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use context_vars::{Attached, Context, context_var};

use crate::hook::{self, Canary, at_event, cancel_plan};

context_var! {
    static VALUE: Canary;
    #[no_inherit]
    static OWN: Canary;
    static MARK: u32 = 0;
    static SET_BY_ALLOCATOR: u32;
}

thread_local! {
    // Without a destructor, so that the allocator may use it until the thread is gone.
    static GUARD: ManuallyDrop<Cell<Option<Attached>>> = const { ManuallyDrop::new(Cell::new(None)) };
}

fn marked(mark: u32) -> Context {
    Context::new().with_value(&MARK, mark)
}

/// Sets and reads in frames of each kind, in which an allocator may come in between.
fn frames() {
    let change = || {
        VALUE.set(Canary::new(2));
        OWN.set(Canary::new(3));
        VALUE.unset();
        VALUE.set(Canary::new(4));
    };
    VALUE.sync_scope(Canary::new(1), change);
    OWN.sync_scope(Canary::new(1), || marked(7).run(change));
    let mut context = Context::current();
    context.run(|| context_vars::inherit(change)());
}

/// Returns the context of the guard that the allocator has kept, if it has one.
fn detach() -> Option<Context> {
    GUARD.with(|guard| guard.take()).map(Attached::detach)
}

fn values_of(context: &Context) {
    for entry in context {
        if let Some(canary) = entry.downcast_ref::<Canary>() {
            canary.check();
        }
    }
}

/// Runs `frames` in a scope, with a call of `act` by the allocator at one event after the other, until
/// there are fewer events.
fn at_each_event(act: fn(), prepare: fn()) {
    hook::install();
    let mut event = 0;
    let mut is_over = false;
    while !is_over {
        marked(1).run(|| {
            prepare();
            at_event(event, act);
            VALUE.sync_scope(Canary::new(0), frames);
            is_over = cancel_plan();
            detach().iter().for_each(values_of);
            assert_eq!(MARK.get(), 1, "event {event}");
            frames();
        });
        assert_eq!(MARK.get(), 0, "event {event}");
        event += 1;
    }
    assert!(event > 10, "only {event} events");
}

fn attach_and_keep() {
    let guard = marked(9).attach();
    GUARD.with(|kept| kept.set(Some(guard)));
}

#[test]
fn contexts_that_an_allocator_attaches_and_keeps() {
    at_each_event(attach_and_keep, || ());
}

#[test]
fn contexts_that_an_allocator_detaches() {
    at_each_event(|| detach().iter().for_each(values_of), attach_and_keep);
}

#[test]
fn allocator_may_set_while_a_task_changes_a_context_of_its_own() {
    // A set that is refused panics, which ends the process.
    let set = || drop(SET_BY_ALLOCATOR.set(1));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(async {
        let task = tokio::spawn(async move { at_each_event(set, || ()) });
        task.await.unwrap();
    });
}
