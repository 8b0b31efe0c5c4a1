//! `#[inherit_context]` with the threads of rayon.

use std::sync::Mutex;

use context_vars::inherit_context;

use super::{as_alice, user};
use crate::support::{rayon_pool, soon};

fn pool() -> rayon::ThreadPool {
    rayon_pool(2)
}

#[inherit_context]
fn spawns() -> String {
    let (send, receive) = std::sync::mpsc::channel();
    let (again, by_pool) = (send.clone(), send.clone());
    rayon::spawn(move || send.send(user()).unwrap());
    rayon::spawn_fifo(move || again.send(user()).unwrap());
    pool().spawn(move || by_pool.send(user()).unwrap());
    [(); 3].map(|()| soon(&receive)).concat()
}

#[test]
fn spawned_jobs_inherit() {
    assert_eq!(as_alice(spawns), "alice".repeat(3));
}

#[inherit_context]
fn joins(left: &str) -> (String, String, (String, String)) {
    let (a, b) = rayon::join(|| left.to_owned() + &user(), || user());
    let pair = pool().install(|| rayon::join(|| user(), move || user() + left));
    (a, b, pair)
}

#[test]
fn both_sides_of_a_join_inherit() {
    let (a, b, (c, d)) = as_alice(|| joins("l"));
    assert_eq!([a, b, c, d], ["lalice", "alice", "alice", "alicel"]);
}

#[inherit_context]
fn scopes(log: &Mutex<Vec<String>>) {
    rayon::scope(|scope| {
        scope.spawn(|_| log.lock().unwrap().push(user()));
        scope.spawn(|inner| {
            inner.spawn(|_| log.lock().unwrap().push(user()));
        });
        log.lock().unwrap().push(user());
    });
    pool().install(|| log.lock().unwrap().push(user()));
    pool().scope(
        #[inherit_context]
        |scope| scope.spawn(|_| log.lock().unwrap().push(user())),
    );
}

#[test]
fn scopes_and_install_inherit() {
    let log = Mutex::new(Vec::new());
    as_alice(|| scopes(&log));
    assert_eq!(*log.lock().unwrap(), ["alice"; 5]);
}

#[inherit_context]
fn broadcasts(words: &[String]) -> Vec<String> {
    let pool = pool();
    let mut all = pool.install(|| {
        rayon::broadcast(|context| format!("{}{}{}", words.concat(), context.num_threads(), user()))
    });
    let (send, receive) = std::sync::mpsc::channel();
    pool.spawn_broadcast(move |_| send.send(user()).unwrap());
    all.extend([(); 2].map(|()| soon(&receive)));
    all.extend(pool.broadcast(|_| user()));
    all
}

#[test]
fn broadcasts_inherit_by_a_function_of_rayon_or_spawn_broadcast() {
    assert_eq!(
        as_alice(|| broadcasts(&["n".to_owned()])),
        ["n2alice", "n2alice", "alice", "alice", "nobody", "nobody"]
    );
}

#[inherit_context]
fn function_in_scope(log: &Mutex<Vec<String>>) {
    fn work<'a>(log: &'a Mutex<Vec<String>>) -> impl FnOnce(&rayon::Scope<'a>) {
        move |_| log.lock().unwrap().push(user())
    }
    let named = work(log);
    rayon::scope(|scope| {
        scope.spawn(named);
        // Its own context, whatever that of the thread is.
        scope.spawn(
            #[detach_context]
            |_| log.lock().unwrap().push(user()),
        );
    });
}

#[test]
fn a_function_given_to_a_scope_by_name_passes_through() {
    let log = Mutex::default();
    let pool = pool();
    as_alice(|| pool.install(|| function_in_scope(&log)));
    assert_eq!(*log.lock().unwrap(), ["nobody", "nobody"]);
}

#[inherit_context]
fn joins_of_others() -> String {
    // Neither runs a closure.
    let path = std::path::Path::new("a").join("b");
    let text = ["c", "d"].join("-");
    let thread = std::thread::spawn(|| user()).join().unwrap();
    format!("{} {text} {thread}", path.display())
}

#[test]
fn other_methods_of_these_names_are_left_alone() {
    assert_eq!(as_alice(joins_of_others), "a/b c-d alice");
}

#[inherit_context]
fn scope_of_a_pool(pool: &rayon::ThreadPool) -> (String, String, String) {
    let (mut inside, mut in_place) = (String::new(), String::new());
    let here = pool.scope(|scope| {
        scope.spawn(|_| inside = user());
        user()
    });
    pool.in_place_scope(|scope| scope.spawn(|_| in_place = user()));
    (here, inside, in_place)
}

#[test]
fn a_scope_of_a_pool_inherits_by_its_spawns_alone() {
    let seen = as_alice(|| scope_of_a_pool(&pool()));
    let [nobody, alice] = ["nobody", "alice"].map(ToOwned::to_owned);
    // The scope itself runs on a thread of the pool, and what it spawns inherits from there.
    assert_eq!(seen, (nobody.clone(), nobody, alice));
}
