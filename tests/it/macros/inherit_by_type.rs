//! `#[inherit_context]` where a call is given no closure and no block: its type decides.

use std::fmt::Debug;
use std::sync::Mutex;

use context_vars::{detached, inherit_context};
use futures::executor::block_on;
use futures::future::BoxFuture;

use super::spawner::{exactly, spawn, with};
use super::{as_alice, later, user};

/// Boxes of work, as the parameters of spawn functions name them.
type Once = Box<dyn FnOnce() -> String + Send>;
type Again = Box<dyn Fn() -> String + Send + Sync>;
type AgainHere = Box<dyn Fn() -> String + Sync>;
type Counting = Box<dyn FnMut() -> String + Send>;
type With = Box<dyn FnOnce(&'static str) -> String + Send>;
type Pinned = BoxFuture<'static, String>;
type Unpinned = Box<dyn Future<Output = String> + Send + Unpin>;

struct Jobs {
    job: fn() -> String,
    boxed: Once,
}

fn make_job() -> impl FnOnce() -> String + Send {
    user
}

#[inherit_context]
fn functions(boxed: Once) -> [String; 7] {
    let text = String::from("!");
    // It can be called once: its text is moved out.
    let local = move || text + &user();
    let pointer: fn() -> String = user;
    let jobs = Jobs { job: user, boxed };
    [
        spawn(local),
        spawn(user),
        spawn(super::user),
        spawn(pointer),
        spawn(jobs.job),
        spawn(make_job()),
        spawn(jobs.boxed),
    ]
}

#[test]
fn function_values_inherit() {
    let [moved, others @ ..] = as_alice(|| functions(Box::new(user)));
    assert_eq!(moved, "!alice");
    assert_eq!(others, ["alice"; 6]);
}

#[inherit_context]
fn boxes_of_closures() -> [Once; 4] {
    let (text, again) = (String::from("!"), String::from("!"));
    let typed: Once = Box::new(move || user() + &text);
    // The others become boxes of `dyn` only at the call.
    let callable = Box::new(|| user());
    let callable_once = Box::new(move || again + &user());
    [
        exactly::spawn::<Once>(typed),
        exactly::spawn::<Once>(callable),
        exactly::spawn::<Once>(callable_once),
        exactly::spawn::<Once>(Box::new(|| user())),
    ]
}

fn make_boxed() -> Again {
    Box::new(user)
}

#[inherit_context]
fn boxes_of_other_closures() -> (Again, AgainHere, [Counting; 2], With) {
    let here: AgainHere = Box::new(user);
    let with: With = Box::new(|text| text.to_owned() + &user());
    let mut count = 0;
    let counting: Counting = Box::new(move || {
        count += 1;
        format!("{count}{}", user())
    });
    let mut more = 0;
    let literal = exactly::spawn::<Counting>(Box::new(move || {
        more += 1;
        format!("{more}{}", user())
    }));
    (
        exactly::spawn::<Again>(make_boxed()),
        exactly::spawn::<AgainHere>(here),
        [exactly::spawn::<Counting>(counting), literal],
        exactly::spawn::<With>(with),
    )
}

#[inherit_context]
fn boxes_of_futures() -> ([Pinned; 4], Unpinned) {
    let typed: Pinned = Box::pin(later());
    let unpinned: Unpinned = Box::new(Box::pin(later()));
    // The others become boxes of `dyn` only at the call.
    let pinned = Box::pin(later());
    let all_pinned = [
        exactly::spawn::<Pinned>(typed),
        exactly::spawn::<Pinned>(pinned),
        exactly::spawn::<Pinned>(Box::pin(later())),
        exactly::spawn::<Pinned>(Box::pin(async { later().await })),
    ];
    (all_pinned, exactly::spawn::<Unpinned>(unpinned))
}

#[test]
fn boxes_stay_boxes() {
    let closures = as_alice(boxes_of_closures).map(|job| job());
    assert_eq!(closures, ["alice!", "alice", "!alice", "alice"]);
    let (again, here, counting, with) = as_alice(boxes_of_other_closures);
    assert_eq!([again(), again(), here()], ["alice"; 3]);
    for mut counting in counting {
        assert_eq!([counting(), counting()], ["1alice", "2alice"]);
    }
    assert_eq!(with("with "), "with alice");
    let (pinned, unpinned) = as_alice(boxes_of_futures);
    assert_eq!(pinned.map(block_on), ["alice"; 4]);
    assert_eq!(block_on(unpinned), "alice");
}

fn twice(job: impl Fn() -> String + Send + Sync) -> String {
    detached(|| job() + &job())
}

#[inherit_context]
fn callable_again(job: impl Fn() -> String + Send + Sync) -> String {
    twice(exactly::spawn(job)) + &twice(exactly::spawn(user))
}

#[test]
fn what_is_fn_stays_fn() {
    assert_eq!(as_alice(|| callable_again(user)), "alice".repeat(4));
}

fn add_user(text: String) -> String {
    text + &user()
}

#[inherit_context]
fn with_an_argument() -> [String; 2] {
    [
        with::spawn("by name ".to_owned(), add_user),
        with::spawn("in a closure ".to_owned(), |text| add_user(text)),
    ]
}

#[test]
fn a_function_with_an_argument_inherits_in_a_closure_alone() {
    let seen = as_alice(with_an_argument);
    assert_eq!(seen, ["by name nobody", "in a closure alice"]);
}

#[inherit_context]
fn values(number: u64) -> Result<String, std::num::ParseIntError> {
    use exactly::spawn;

    let five = 5;
    let numbers = [
        spawn::<u64>(number),
        spawn::<u64>(five),
        spawn::<u64>(u64::from(true)),
        spawn::<u64>("6".parse().unwrap()),
        spawn::<u64>("7".parse()?),
        spawn::<u64>(Default::default()),
        spawn::<u64>(From::from(1_u8)),
        spawn::<u64>([1, 2].into_iter().sum()),
    ];
    let text = spawn::<String>("x".into());
    let lists = [spawn::<Vec<u8>>((0..2).collect()), spawn::<Vec<u8>>(vec![])];
    let boxed = spawn::<Option<Box<dyn Debug>>>(Some(Box::new(3)));
    let pointer = spawn::<Option<fn() -> String>>(Some(user)).map(detached);
    let untouched: (Option<u8>, &str) = (spawn(None), spawn("text"));
    let all = (numbers, text, lists, boxed, pointer, untouched);
    Ok(format!("{all:?}"))
}

#[test]
fn values_take_their_types_from_the_parameter() {
    let seen = as_alice(|| values(4)).unwrap();
    let numbers_and_lists = r#"([4, 5, 1, 6, 7, 0, 1, 3], "x", [[0, 1], []], "#;
    let others = r#"Some(3), Some("nobody"), (None, "text"))"#;
    assert_eq!(seen, numbers_and_lists.to_owned() + others);
}

#[inherit_context]
fn temporaries(names: &Mutex<Vec<String>>) -> String {
    // A borrow from a temporary, here from the lock, lives until the end of the statement.
    spawn(job_for(&names.lock().unwrap()))
}

fn job_for(names: &[String]) -> impl FnOnce() -> String {
    move || names.concat() + &user()
}

#[test]
fn temporaries_live_as_long_as_without() {
    let names = Mutex::new(vec!["n".to_owned()]);
    assert_eq!(as_alice(|| temporaries(&names)), "nalice");
}
