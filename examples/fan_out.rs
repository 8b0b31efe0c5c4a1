//! Hands work to threads, to tokio and to rayon, bare and inheriting, and prints which user it sees.
//!
//! ```text
//! cargo run --example fan_out
//! ```
//!
//! The two modules contain the same functions. In `inherits` each function has one line more, the
//! attribute `#[inherit_context]`, and the work that it spawns sees the user of its caller.

use std::process::ExitCode;

use context_vars::{context_var, with_context};

context_var! {
    /// On whose behalf the program works.
    static USER: &str = "anonymous";
}

mod bare {
    use super::USER;
    use rayon::prelude::*;
    use tokio::task::{self, JoinSet};

    pub fn thread() -> &'static str {
        let thread = std::thread::spawn(|| USER.get());
        thread.join().unwrap()
    }

    pub fn scoped_thread() -> &'static str {
        std::thread::scope(|threads| threads.spawn(|| USER.get()).join().unwrap())
    }

    pub async fn task() -> &'static str {
        tokio::spawn(async { USER.get() }).await.unwrap()
    }

    pub async fn blocking_closure() -> &'static str {
        task::spawn_blocking(|| USER.get()).await.unwrap()
    }

    pub async fn join_set() -> &'static str {
        let mut set = JoinSet::new();
        set.spawn(async { USER.get() });
        set.join_next().await.unwrap().unwrap()
    }

    pub fn rayon_spawn() -> &'static str {
        let (send, receive) = std::sync::mpsc::channel();
        rayon::spawn(move || send.send(USER.get()).unwrap());
        receive.recv().unwrap()
    }

    pub fn rayon_join() -> &'static str {
        rayon::join(|| USER.get(), || USER.get()).1
    }

    pub fn rayon_par_iter() -> &'static str {
        let users = (0..100).into_par_iter().map(|_| USER.get());
        users.reduce(|| USER.get(), |a, b| if a == b { a } else { "both" })
    }
}

mod inherits {
    use super::USER;
    use context_vars::inherit_context;
    use rayon::prelude::*;
    use tokio::task::{self, JoinSet};

    #[inherit_context]
    pub fn thread() -> &'static str {
        let thread = std::thread::spawn(|| USER.get());
        thread.join().unwrap()
    }

    #[inherit_context]
    pub fn scoped_thread() -> &'static str {
        std::thread::scope(|threads| threads.spawn(|| USER.get()).join().unwrap())
    }

    #[inherit_context]
    pub async fn task() -> &'static str {
        tokio::spawn(async { USER.get() }).await.unwrap()
    }

    #[inherit_context]
    pub async fn blocking_closure() -> &'static str {
        task::spawn_blocking(|| USER.get()).await.unwrap()
    }

    #[inherit_context]
    pub async fn join_set() -> &'static str {
        let mut set = JoinSet::new();
        set.spawn(async { USER.get() });
        set.join_next().await.unwrap().unwrap()
    }

    #[inherit_context]
    pub fn rayon_spawn() -> &'static str {
        let (send, receive) = std::sync::mpsc::channel();
        rayon::spawn(move || send.send(USER.get()).unwrap());
        receive.recv().unwrap()
    }

    #[inherit_context]
    pub fn rayon_join() -> &'static str {
        rayon::join(|| USER.get(), || USER.get()).1
    }

    /// Marks the closure, because the macro sees no spawn call here.
    #[inherit_context]
    pub fn rayon_par_iter() -> &'static str {
        let users = (0..100).into_par_iter().map(
            #[inherit_context]
            move |_| USER.get(),
        );
        users.reduce(
            #[inherit_context]
            move || USER.get(),
            |a, b| if a == b { a } else { "both" },
        )
    }
}

/// Prints a line for each kind of work. Returns whether all work that inherits saw alice, and no bare
/// work did.
#[with_context(user = "alice")]
async fn fan_out() -> bool {
    let mut as_expected = true;
    let mut line = |work: &str, bare: &str, inherits: &str| {
        println!("{work:<24}{bare:<12}{inherits}");
        as_expected &= (bare, inherits) == ("anonymous", "alice");
    };
    line("std::thread::spawn", bare::thread(), inherits::thread());
    line(
        "std::thread::scope",
        bare::scoped_thread(),
        inherits::scoped_thread(),
    );
    line("tokio::spawn", bare::task().await, inherits::task().await);
    line(
        "spawn_blocking",
        bare::blocking_closure().await,
        inherits::blocking_closure().await,
    );
    line(
        "JoinSet::spawn",
        bare::join_set().await,
        inherits::join_set().await,
    );
    line("rayon::spawn", bare::rayon_spawn(), inherits::rayon_spawn());
    line("rayon::join", bare::rayon_join(), inherits::rayon_join());
    line(
        "par_iter",
        bare::rayon_par_iter(),
        inherits::rayon_par_iter(),
    );
    as_expected
}

#[tokio::main]
async fn main() -> ExitCode {
    println!("{:<24}{:<12}inherits", "handed out by alice to", "bare");
    if fan_out().await {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
