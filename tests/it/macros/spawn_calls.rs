//! `#[inherit_context]`: what counts as a spawn call, and what of it is rewritten.

use std::sync::Arc;

use context_vars::inherit_context;

use super::{USER, as_alice, user};

mod spawner {
    use context_vars::detached;

    pub fn spawn<R>(job: impl FnOnce() -> R) -> R {
        detached(job)
    }

    pub fn spawn_anything<A, R>(_: A, job: impl FnOnce() -> R, _: &str) -> R {
        detached(job)
    }

    pub mod with_value {
        pub fn spawn<A, R>(_: A, job: impl FnOnce() -> R) -> R {
            context_vars::detached(job)
        }
    }

    pub fn spawning<R>(job: impl FnOnce() -> R) -> R {
        detached(job)
    }

    pub fn respawn<R>(job: impl FnOnce() -> R) -> R {
        detached(job)
    }

    pub trait Spawn {
        fn spawn<R>(&self, job: impl FnOnce() -> R) -> R {
            detached(job)
        }
    }

    impl Spawn for () {}

    pub fn spawn_arc(job: std::sync::Arc<dyn Fn() -> String>) -> String {
        detached(|| job())
    }
}

#[allow(unused_parens, clippy::redundant_closure)] // the point of some is that nothing becomes of them
#[inherit_context]
fn names() -> Vec<String> {
    use spawner::{Spawn, spawn};

    let text = "x";
    let spawn_local_variable = |job: &dyn Fn() -> String| context_vars::detached(job);
    vec![
        spawn(|| user()),
        spawner::spawn(|| user()),
        self::spawner::spawn::<String>(|| user()),
        spawner::spawn_anything(5, || user(), text),
        ().spawn(|| user()),
        Spawn::spawn(&(), || user()),
        <() as Spawn>::spawn::<String>(&(), || user()),
        (spawner::spawn)(|| user()),
        (spawn)(user),
        r#spawn(user),
        spawner::r#spawn(|| user()),
        (|job: fn() -> String| context_vars::detached(job))(user),
        spawner::spawning(|| user()),
        spawner::respawn(|| user()),
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
    let name = String::from("n");
    [
        spawner::spawn_arc(Arc::new(move || user())),
        spawner::spawn_arc(std::sync::Arc::new(move || name.clone() + &user())),
        spawner::spawn(Box::new(|| user())),
        spawner::spawn(Box::new(|| user()) as Box<dyn FnOnce() -> String>),
        #[allow(unused_parens)]
        spawner::spawn((|| user())),
    ]
}

#[test]
fn literals_are_found_in_boxes_parentheses_and_casts() {
    assert_eq!(
        as_alice(around),
        ["alice", "nalice", "alice", "alice", "alice"]
    );
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
        spawner::spawn(make()?),
        spawner::spawn(make_later().await),
        spawner::spawn((user)),
        spawner::spawn((make().unwrap())),
        spawner::spawn(itself!(user)),
        spawner::spawn(user as fn() -> String),
        spawner::with_value::spawn(1, make()?),
        spawner::spawn_anything(1, itself!(|| user()), ""),
    ])
}

#[test]
fn work_that_is_no_call_inherits_too() {
    let future = USER.scope("alice".to_owned(), work_in_other_forms());
    let [names @ .., beside_others] = futures::executor::block_on(future).unwrap();
    assert_eq!(names, ["alice"; 7]);
    assert_eq!(beside_others, "nobody", "only a literal inherits there");
}

/// A value, made of a text.
struct Name(String);

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

fn spawn_named(name: Name) -> usize {
    name.0.len()
}

fn spawn_number(number: u64) -> u64 {
    number
}

fn spawn_list(list: Vec<u32>) -> usize {
    list.len()
}

fn spawn_debug(value: Option<Box<dyn std::fmt::Debug>>) -> String {
    format!("{value:?}")
}

fn spawn_pointer(job: Option<fn() -> String>) -> String {
    job.map_or_else(String::new, |job| context_vars::detached(job))
}

#[inherit_context]
fn values() -> Result<String, std::num::ParseIntError> {
    let numbers = spawn_number("5".parse().unwrap())
        + spawn_number("6".parse()?)
        + spawn_number(Default::default())
        + spawn_number(From::from(1_u8))
        + spawn_number([1, 2].into_iter().sum())
        + spawn_number(u64::from(true));
    let lengths = spawn_named("x".into()) + spawn_list((0..3).collect()) + spawn_list(vec![]);
    let debug = spawn_debug(Some(Box::new(3))) + &spawn_pointer(Some(user));
    Ok(spawner::spawn(|| {
        format!("{numbers} {lengths} {debug} {}", user())
    }))
}

#[test]
fn values_take_their_types_from_the_parameter() {
    assert_eq!(as_alice(values).unwrap(), "16 4 Some(3)nobody alice");
}

#[inherit_context]
fn nested() -> String {
    spawner::spawn(|| {
        USER.set("between".to_owned());
        let inner = spawner::spawn(|| user());
        spawner::spawn(move || inner + &spawner::spawn(user))
    })
}

#[test]
fn spawn_calls_in_spawned_work_inherit_from_it() {
    assert_eq!(as_alice(nested), "betweenbetween");
}

mod of_pointers {
    pub fn spawn(job: fn() -> String) -> String {
        context_vars::detached(job)
    }
}

#[inherit_context]
fn names_in_blocks() -> [String; 4] {
    let job = user;
    [
        // A parameter of type `fn` needs this, and there must be no warning of superfluous braces.
        of_pointers::spawn({ user }),
        spawner::spawn({ user }),
        spawner::spawn({
            assert_eq!(job(), "alice");
            job
        }),
        spawner::spawn(job),
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
    spawner::spawn(user) + &spawner::spawn(|| user())
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
        [super::spawner::spawn(|| job()), super::spawner::spawn(job)]
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
