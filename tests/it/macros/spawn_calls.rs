//! `#[inherit_context]`: what counts as a spawn call, and what of it is rewritten.

use std::sync::Arc;

use context_vars::{detached, inherit_context};

use super::spawner::{self, exactly, spawn};
use super::{USER, as_alice, user};

fn spawn_between<A, B, R>(_: A, job: impl FnOnce() -> R, _: B) -> R {
    detached(job)
}

mod after {
    pub fn spawn<A, R>(_: A, job: impl FnOnce() -> R) -> R {
        context_vars::detached(job)
    }
}

trait Spawn {
    fn spawn<R>(&self, job: impl FnOnce() -> R) -> R {
        detached(job)
    }
}

impl Spawn for () {}

mod other_names {
    pub use context_vars::{detached as respawn, detached as spawning};
}

#[allow(unused_parens, clippy::redundant_closure)] // the point of some is that nothing becomes of them
#[inherit_context]
fn names() -> Vec<String> {
    let spawn_local_variable = |job: &dyn Fn() -> String| detached(job);
    vec![
        spawn(|| user()),
        spawner::spawn(|| user()),
        super::spawner::spawn::<String>(|| user()),
        spawn_between(5, || user(), "x"),
        ().spawn(|| user()),
        Spawn::spawn(&(), || user()),
        <() as Spawn>::spawn::<String>(&(), || user()),
        (spawner::spawn)(|| user()),
        (spawn)(user),
        r#spawn(user),
        spawner::r#spawn(|| user()),
        (|job: fn() -> String| detached(job))(user),
        other_names::spawning(|| user()),
        other_names::respawn(|| user()),
        spawn_local_variable(&user),
    ]
}

#[test]
fn the_last_name_is_spawn_or_begins_with_spawn_and_an_underscore() {
    let names = as_alice(names);
    assert_eq!(names[..11], ["alice"; 11]);
    assert_eq!(names[11..], ["nobody"; 4]);
}

#[allow(clippy::double_parens)]
#[inherit_context]
fn around() -> [String; 5] {
    fn spawn_arc(job: Arc<dyn Fn() -> String>) -> String {
        detached(|| job())
    }
    let name = String::from("n");
    [
        spawn_arc(std::sync::Arc::new(move || name.clone() + &user())),
        spawn_arc(Arc::new(move || user())),
        spawn(Box::new(|| user())),
        spawn(Box::new(|| user()) as Box<dyn FnOnce() -> String>),
        #[allow(unused_parens)]
        spawn((|| user())),
    ]
}

#[test]
fn literals_are_found_in_boxes_parentheses_and_casts() {
    let [named, others @ ..] = as_alice(around);
    assert_eq!(named, "nalice");
    assert_eq!(others, ["alice"; 4]);
}

fn make() -> Option<impl FnOnce() -> String> {
    Some(user)
}

async fn make_later() -> fn() -> String {
    user
}

macro_rules! itself {
    ($job:expr) => {
        $job
    };
}

#[allow(unused_parens, clippy::double_parens)]
#[inherit_context]
async fn work_in_other_forms() -> Option<[String; 8]> {
    Some([
        spawn(make()?),
        spawn(make_later().await),
        spawn((user)),
        spawn((make().unwrap())),
        spawn(itself!(user)),
        spawn(user as fn() -> String),
        after::spawn(1, make()?),
        spawn_between(1, itself!(|| user()), ""),
    ])
}

#[test]
fn work_that_is_no_call_inherits_too() {
    let future = USER.scope("alice".to_owned(), work_in_other_forms());
    let [names @ .., beside_others] = futures::executor::block_on(future).unwrap();
    assert_eq!(names, ["alice"; 7]);
    assert_eq!(beside_others, "nobody", "only a literal inherits there");
}

#[inherit_context]
fn nested() -> String {
    spawn(|| {
        USER.set("between".to_owned());
        let inner = spawn(|| user());
        spawn(move || inner + &spawn(user))
    })
}

#[test]
fn spawn_calls_in_spawned_work_inherit_from_it() {
    assert_eq!(as_alice(nested), "betweenbetween");
}

#[inherit_context]
fn names_in_blocks() -> [String; 4] {
    let job = user;
    // A parameter of type `fn` needs braces, and there must be no warning that they are superfluous.
    let pointer = exactly::spawn::<fn() -> String>({ user });
    [
        detached(pointer),
        spawn({ user }),
        spawn({
            assert_eq!(job(), "alice");
            job
        }),
        spawn(job),
    ]
}

#[test]
fn a_name_in_a_block_passes_through() {
    let [pointer, braces, statements, name] = as_alice(names_in_blocks);
    assert_eq!([pointer, braces, statements], ["nobody"; 3]);
    assert_eq!(name, "alice");
}

#[inherit_context(crate = renamed)]
fn through_path() -> String {
    spawn(user) + &spawn(|| user())
}

use context_vars as renamed;

#[test]
fn the_crate_can_be_named() {
    assert_eq!(as_alice(through_path), "alicealice");
}

mod without_prelude {
    #![no_implicit_prelude]

    #[::context_vars::inherit_context]
    #[::context_vars::with_context(user = ::std::string::ToString::to_string("bare"))]
    pub fn bare(job: fn() -> ::std::string::String) -> [::std::string::String; 2] {
        [super::spawn(|| job()), super::spawn(job)]
    }

    use super::USER;

    #[::context_vars::with_context(user = name)]
    pub async fn later(
        name: ::std::string::String,
    ) -> ::std::result::Result<(), ::std::fmt::Error> {
        ::std::future::ready(()).await;
        ::std::result::Result::Ok(())
    }
}

#[test]
fn no_prelude_is_needed() {
    assert_eq!(without_prelude::bare(user), ["bare"; 2]);
    futures::executor::block_on(without_prelude::later(String::new())).unwrap();
}
