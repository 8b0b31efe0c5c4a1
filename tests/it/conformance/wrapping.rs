//! Section E: what is wrapped.

use std::collections::VecDeque;

use context_vars::{context_var, inherit, prelude::*};

use crate::support::poll_once;

context_var! {
    static USER: &str = "anonymous";
}

#[tokio::test]
async fn wrapper_hands_the_operations_of_what_it_wraps_through() {
    // case 126: cancel and its state, of a task; the work itself, of a future that has methods.
    let task = USER.sync_scope("alice", || {
        tokio::spawn(std::future::pending::<()>().inherit_context())
    });
    assert!(!task.is_finished());
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    let counter = std::future::ready(5);
    let mut wrapped = std::pin::pin!(counter.inherit_context());
    let inner = wrapped.as_mut().run_pinned(|ready| ready.clone());
    assert_eq!(inner.into_inner(), 5);
    assert!(poll_once(wrapped.as_mut()).is_ready());
}

/// A library that calls all callbacks from one timer, which the first of them has started.
#[derive(Default)]
struct Batch {
    callbacks: VecDeque<Box<dyn FnOnce() -> &'static str>>,
    timer: Option<context_vars::Context>,
}

impl Batch {
    fn add(&mut self, callback: impl FnOnce() -> &'static str + 'static) {
        self.timer
            .get_or_insert_with(context_vars::Context::current);
        self.callbacks.push_back(Box::new(callback));
    }

    fn fire(self) -> Vec<&'static str> {
        let mut timer = self.timer.unwrap_or_default();
        timer.run(|| {
            self.callbacks
                .into_iter()
                .map(|callback| callback())
                .collect()
        })
    }
}

#[test]
fn callbacks_of_a_library_that_batches_need_to_be_wrapped() {
    // case 127
    let mut batch = Batch::default();
    USER.sync_scope("first", || batch.add(|| USER.get()));
    USER.sync_scope("second", || batch.add(|| USER.get()));
    USER.sync_scope("third", || batch.add(inherit(|| USER.get())));
    assert_eq!(
        batch.fire(),
        ["first", "first", "third"],
        "the second is wrong"
    );
}
