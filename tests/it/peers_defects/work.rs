//! Work on runtimes that are driven inside a context.

use context_vars::{Context, prelude::*, task};

use crate::support::{USER, one_thread, two_workers};

#[test]
fn scope_around_block_on_reaches_the_tasks_that_inherit_on_every_runtime() {
    // R13: what a bare task sees is its poller's context. On a runtime of one thread that is
    // whoever blocks on it, here the scope; on workers it is an empty one. Nobody may rely on it,
    // and nobody needs to: what inherits sees the same on both.
    for (runtime, bare_sees) in [(one_thread(), "around"), (two_workers(), "anonymous")] {
        let seen = USER.sync_scope("around", || {
            runtime.block_on(async {
                let inherits = task::spawn(async { USER.get() });
                let scoped = tokio::spawn(USER.scope("own", async { USER.get() }));
                let empty = tokio::spawn(async { USER.get() }.in_context(Context::new()));
                let bare = tokio::spawn(async { USER.get() });
                let (inherits, scoped) = (inherits.await.unwrap(), scoped.await.unwrap());
                (inherits, scoped, empty.await.unwrap(), bare.await.unwrap())
            })
        });
        assert_eq!(seen, ("around", "own", "anonymous", bare_sees));
        assert_eq!(USER.get(), "anonymous");
    }
}
