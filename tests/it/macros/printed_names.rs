//! `#[with_context]` on methods that take `self` by value: what a macro prints is what was written.

use std::fmt::Debug;
use std::panic::Location;

use context_vars::with_context;
use tracing::span;

use super::{USER, assert_outside, user};
use crate::support::panic_of;

#[derive(Clone, Debug)]
struct Job {
    id: u8,
    name: String,
}

fn job() -> Job {
    let (id, name) = (5, "n".to_owned());
    Job { id, name }
}

/// Returns the text of each argument beside its value.
macro_rules! shown {
    ($($value:expr),*) => {
        [$((stringify!($value).to_owned(), $value.to_string())),*]
    };
}

impl Job {
    #[with_context(user = self.name.clone())]
    fn asserts(self) {
        assert!(self.id > 9);
    }

    #[with_context(user = self.name.clone())]
    fn asserts_equal(mut self) {
        self.id += 1;
        assert_eq!(self.id, 9, "{self:?} {}", self.name);
    }

    #[with_context(user = self.name.clone())]
    fn stringifies(self) -> ([(String, String); 2], &'static str, String) {
        let shown = shown!(self.id, &self.name);
        (shown, stringify!(self.name.len()), self.name + &user())
    }

    #[with_context(user = self.name.clone())]
    fn traces(self) -> tracing::Span {
        tracing::info_span!("span", self.id, name = %self.name)
    }

    #[with_context(user = self.name.clone())]
    fn logs(self) -> u8 {
        tracing::info!(self.id, name = %self.name, "{self:?}");
        dbg!(self.id)
    }

    #[with_context(user = self.name.clone())]
    fn returns_early(self, number: Result<u8, String>) -> Result<String, String> {
        let number = number?;
        if number == 0 {
            return Err(format!("{self:?}"));
        }
        let moved = self.name;
        Ok(format!("{moved} {number} {}", user()))
    }

    #[with_context(user = self.name.clone())]
    fn never_returns(self) -> ! {
        panic!("{} {}", self.id, user())
    }

    #[with_context(user = self.name.clone())]
    fn returns_what_is_shown(self) -> impl Debug + use<> {
        assert!(self.id > 0);
        (self, user())
    }

    #[with_context(user = self.name.clone())]
    fn boxed(self: Box<Self>, other: &str) -> (&str, String) {
        let shown = format!("{self:?}");
        (&other[1..], shown + &user())
    }

    #[track_caller]
    #[with_context(user = self.name.clone())]
    fn tracked(self) -> (u32, String) {
        let text = format!("{} {}", self.name, user());
        (Location::caller().line(), text)
    }
}

trait Lend<'a> {
    fn lend(self) -> &'a mut u8;
}

impl<'a> Lend<'a> for &'a mut Job {
    #[with_context(user = self.name.clone())]
    fn lend(self) -> &'a mut u8 {
        assert!(self.id > 0);
        &mut self.id
    }
}

/// Enables all spans and events, and knows what the only event says.
struct Enabled;

impl tracing::Subscriber for Enabled {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let text = format!("{event:?}");
        let said = r#"message: Job { id: 5, name: "n" }, self.id: 5, name: n"#;
        assert!(text.contains(said), "{text}");
    }
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[test]
fn assertions_print_self() {
    let text = panic_of(|| job().asserts());
    assert_eq!(text, "assertion failed: self.id > 9");
    let text = panic_of(|| job().asserts_equal());
    assert!(text.contains(r#"Job { id: 6, name: "n" } n"#), "{text}");
    assert_outside();
}

#[test]
fn macros_of_the_user_are_shown_self() {
    let (shown, text, user) = job().stringifies();
    let [id, name] = shown;
    assert_eq!(id, ("self.id".to_owned(), "5".to_owned()));
    assert_eq!(name, ("&self.name".to_owned(), "n".to_owned()));
    assert_eq!((text, user.as_str()), ("self.name.len()", "nn"));
}

#[test]
fn tracing_names_the_field_self() {
    let span = tracing::subscriber::with_default(Enabled, || job().traces());
    let fields = span.metadata().unwrap().fields().iter();
    let names: Vec<_> = fields.map(|field| field.name()).collect();
    assert_eq!(names, ["self.id", "name"]);
    let logged = tracing::subscriber::with_default(Enabled, || job().logs());
    assert_eq!(logged, 5);
}

#[test]
fn the_function_returns_as_it_did() {
    assert_eq!(job().returns_early(Ok(5)).unwrap(), "n 5 n");
    assert_eq!(job().returns_early(Err("e".into())).unwrap_err(), "e");
    let shown = r#"Job { id: 5, name: "n" }"#;
    assert_eq!(job().returns_early(Ok(0)).unwrap_err(), shown);
    assert_eq!(panic_of(|| job().never_returns()), "5 n");
    let returned = format!("{:?}", job().returns_what_is_shown());
    assert_eq!(returned, format!(r#"({shown}, "n")"#));
    let text = String::from("text");
    assert_eq!(Box::new(job()).boxed(&text), ("ext", format!("{shown}n")));
    let mut job = job();
    *job.lend() += 1;
    assert_eq!(job.id, 6);
    assert_outside();
}

#[test]
fn the_caller_is_tracked() {
    assert_eq!(job().tracked(), (line!(), "n n".to_owned()));
}
