//! The contexts in which each path is run.

use std::pin::pin;

use context_vars::{Context, context_var, prelude::*};

use crate::hook::read_all;
use crate::paths::{self, Path};

context_var! {
    static OUTER: String;
    #[no_inherit]
    static OUTER_LOCAL: String;
}

pub const ALL: [fn(Path); 8] = [
    root,
    root_of_a_new_thread,
    scope,
    scope_in_scope,
    scope_with_a_local_value,
    context_that_runs,
    poll,
    read,
];

fn root(path: Path) {
    path();
}

fn root_of_a_new_thread(path: Path) {
    std::thread::spawn(path).join().unwrap();
}

fn text() -> String {
    "outer".to_owned()
}

fn read_outer() {
    OUTER.with(|outer| assert_eq!(outer, "outer"));
    read_all();
}

fn scope(path: Path) {
    OUTER.sync_scope(text(), || {
        path();
        read_outer();
    });
}

fn scope_in_scope(path: Path) {
    OUTER.sync_scope(text(), || {
        OUTER.sync_scope("inner".to_owned(), || {
            path();
            OUTER.with(|outer| assert_eq!(outer, "inner"));
        });
        path();
        read_outer();
    });
}

fn scope_with_a_local_value(path: Path) {
    OUTER_LOCAL.sync_scope(text(), || {
        OUTER.sync_scope(text(), || {
            path();
            read_outer();
            OUTER_LOCAL.with(|local| assert_eq!(local, "outer"));
        });
    });
}

fn context_that_runs(path: Path) {
    let mut context = Context::current().with_value(&OUTER, text());
    let copy = context.clone();
    context.run(|| {
        path();
        read_outer();
    });
    drop(copy);
    context.run(read_outer);
}

fn poll(path: Path) {
    let work = async {
        path();
        read_outer();
        std::future::ready(()).await;
        path();
        read_outer();
    };
    let work = OUTER.scope(text(), work).inherit_context();
    assert!(paths::poll(pin!(work)).is_ready());
}

fn read(path: Path) {
    OUTER.sync_scope(text(), || {
        OUTER.with(|outer| {
            OUTER.set(text());
            path();
            assert_eq!(outer, "outer");
        });
    });
}
