//! `#[inherit_context]` with the threads of rayon.

use std::sync::Mutex;

use context_vars::inherit_context;

use super::{as_alice, user};
use crate::support::{rayon_pool, soon};

/// A log in which work notes its user.
type Log = Mutex<Vec<String>>;

fn note(log: &Log) {
    log.lock().unwrap().push(user());
}

#[inherit_context]
fn spawns() -> String {
    let (send, receive) = std::sync::mpsc::channel();
    let (again, by_pool) = (send.clone(), send.clone());
    rayon::spawn(move || send.send(user()).unwrap());
    rayon::spawn_fifo(move || again.send(user()).unwrap());
    rayon_pool(1).spawn(move || by_pool.send(user()).unwrap());
    [(); 3].map(|()| soon(&receive)).concat()
}

#[test]
fn spawned_jobs_inherit() {
    assert_eq!(as_alice(spawns), "alice".repeat(3));
}

#[inherit_context]
fn joins(left: &str) -> (String, String, (String, String)) {
    let (a, b) = rayon::join(|| left.to_owned() + &user(), || user());
    let pair = rayon_pool(2).install(|| rayon::join(|| user(), move || user() + left));
    (a, b, pair)
}

#[test]
fn both_sides_of_a_join_inherit() {
    let (a, b, (c, d)) = as_alice(|| joins("l"));
    assert_eq!([a, b, c, d], ["lalice", "alice", "alice", "alicel"]);
}

#[inherit_context]
fn scopes(log: &Log) {
    rayon::scope(|scope| {
        scope.spawn(|_| note(log));
        scope.spawn(|inner| inner.spawn(|_| note(log)));
        note(log);
    });
    rayon_pool(1).install(|| note(log));
    rayon_pool(1).scope(
        #[inherit_context]
        |scope| scope.spawn(|_| note(log)),
    );
}

#[test]
fn scopes_and_install_inherit() {
    let log = Mutex::default();
    as_alice(|| scopes(&log));
    assert_eq!(*log.lock().unwrap(), ["alice"; 5]);
}

#[inherit_context]
fn broadcasts(words: &[String]) -> [Vec<String>; 3] {
    let pool = rayon_pool(2);
    let by_function = pool.install(|| {
        rayon::broadcast(|context| format!("{}{}{}", words.concat(), context.num_threads(), user()))
    });
    let (send, receive) = std::sync::mpsc::channel();
    pool.spawn_broadcast(move |_| send.send(user()).unwrap());
    let by_spawn = [(); 2].map(|()| soon(&receive)).into();
    [by_function, by_spawn, pool.broadcast(|_| user())]
}

#[test]
fn broadcasts_inherit_by_a_function_of_rayon_or_spawn_broadcast() {
    let [by_function, by_spawn, by_method] = as_alice(|| broadcasts(&["n".to_owned()]));
    assert_eq!(by_function, ["n2alice"; 2]);
    assert_eq!(by_spawn, ["alice"; 2]);
    assert_eq!(by_method, ["nobody"; 2]);
}

#[inherit_context]
fn pool_with_spawn_handler() -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(2);
    let builder = builder.spawn_handler(|thread| {
        std::thread::Builder::new().spawn(|| thread.run())?;
        Ok(())
    });
    builder.build().unwrap()
}

#[test]
fn threads_of_a_pool_inherit_by_its_spawn_handler() {
    let pool = as_alice(pool_with_spawn_handler);
    assert_eq!(pool.broadcast(|_| user()), ["alice"; 2]);
}

#[inherit_context]
fn function_in_scope(log: &Log) {
    fn work<'a>(log: &'a Log) -> impl FnOnce(&rayon::Scope<'a>) {
        move |_| note(log)
    }
    let named = work(log);
    rayon::scope(|scope| scope.spawn(named));
}

#[test]
fn a_function_given_to_a_scope_by_name_passes_through() {
    let (log, pool) = (Mutex::default(), rayon_pool(2));
    as_alice(|| pool.install(|| function_in_scope(&log)));
    assert_eq!(*log.lock().unwrap(), ["nobody"]);
}

#[inherit_context]
fn scope_of_a_pool(pool: &rayon::ThreadPool) -> [String; 3] {
    let (mut inside, mut in_place) = (String::new(), String::new());
    let here = pool.scope(|scope| {
        scope.spawn(|_| inside = user());
        user()
    });
    pool.in_place_scope(|scope| scope.spawn(|_| in_place = user()));
    [here, inside, in_place]
}

#[test]
fn a_scope_of_a_pool_inherits_by_its_spawns_alone() {
    let seen = as_alice(|| scope_of_a_pool(&rayon_pool(2)));
    // The scope itself runs on a thread of the pool, and what it spawns inherits from there.
    assert_eq!(seen, ["nobody", "nobody", "alice"]);
}
