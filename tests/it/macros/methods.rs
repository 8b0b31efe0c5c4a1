//! `#[with_context]` on methods, with every kind of receiver.

use std::fmt::{self, Display, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use context_vars::with_context;

use super::{USER, assert_outside, user};
use crate::support::panic_of;

#[derive(Clone, Debug, PartialEq)]
struct Server {
    name: String,
}

impl Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("<{}>", self.name))
    }
}

macro_rules! texts_of_the_user {
    ($text:literal) => {
        $text
    };
}

fn server() -> Server {
    let name = "s".to_owned();
    Server { name }
}

impl Server {
    #[with_context(user = self.name.clone())]
    fn by_reference(&self) -> (&str, String) {
        (&self.name, user())
    }

    #[with_context(user = self.name.clone())]
    fn by_mut(&mut self) -> &mut String {
        self.name.push_str(&user());
        &mut self.name
    }

    #[with_context(user = self.name.clone())]
    fn by_value(self) -> (Self, String) {
        (self, user())
    }

    #[with_context(user = self.name.clone())]
    fn by_mut_value(mut self) -> String {
        self.name += "!";
        let Self { name } = self;
        name + &user()
    }

    // With this, `self` is given another name.
    #[track_caller]
    #[with_context(user = format!("{self}"))]
    fn in_text(self) -> String {
        struct Wrapper<'a>(&'a Server);
        impl Wrapper<'_> {
            fn text(self) -> String {
                format!("{}", self.0)
            }
        }
        let inner = { Wrapper(&self).text() };
        let escaped = format!("{{self}} {self} {self:?} {0}", self.name);
        assert_eq!(vec![&self], [&self]);
        let plain = "{self}";
        format!("{escaped} {inner} {plain} {}", user())
    }

    #[track_caller]
    #[with_context(user = self.name.clone())]
    fn texts_and_what_they_become(self) -> [(String, &'static str); 11] {
        let mut written = String::new();
        write!(written, "{self} {}", "{self}").unwrap();
        let list = vec!["{self}", "x {self:?}"].concat();
        let asserted = panic_of(|| assert!("{self}".is_empty(), "{self} {}", "{self}"));
        let arguments = std::format_args!(r#"{{self}} {self} {}"#, "{self}").to_string();
        [
            (list, "{self}x {self:?}"),
            (concat!("{self", "} {self}").to_owned(), "{self} {self}"),
            (format!("{} {self}", "{self}"), "{self} <s>"),
            (format!("{n} {self:>4}", n = "{self}"), "{self}  <s>"),
            (stringify!(self "{self}").to_owned(), r#"self "{self}""#),
            (matches!("{self}", "{self}").to_string(), "true"),
            (texts_of_the_user!("{self}").to_owned(), "{self}"),
            (written, "<s> {self}"),
            (asserted, "<s> {self}"),
            (panic_of(|| panic!("{self}")), "<s>"),
            (arguments, "{self} <s> {self}"),
        ]
    }

    #[allow(clippy::needless_pub_self)]
    #[with_context(user = self.name.clone())]
    fn visibilities(self) -> String {
        mod inner {
            pub(self) fn secret() -> &'static str {
                "secret"
            }
            pub fn open() -> &'static str {
                secret()
            }
        }
        pub(self) struct Named(pub(self) String);
        Named(self.name).0 + inner::open() + &user()
    }

    #[with_context(user = self.name.clone())]
    fn boxed(self: Box<Self>) -> String {
        self.name + &user()
    }

    #[with_context(user = self.name.clone())]
    fn counted(self: Arc<Self>) -> (usize, String) {
        (Arc::strong_count(&self), user())
    }

    #[with_context(user = self.name.clone())]
    fn counted_here(self: Rc<Self>) -> String {
        user()
    }

    #[with_context(user = self.name.clone())]
    fn pinned(self: Pin<&mut Self>) -> String {
        self.get_mut().name.clone() + &user()
    }

    #[with_context(user = self.name.clone())]
    fn referenced(self: &Arc<Self>) -> String {
        user()
    }

    #[with_context(user = "associated".to_owned())]
    fn associated() -> (Self, String) {
        let name = String::new();
        (Self { name }, user())
    }

    #[with_context(user = self.name.clone())]
    async fn by_reference_later(&self) -> (&str, String) {
        (&self.name, user())
    }

    #[with_context(user = self.name.clone())]
    async fn by_mut_later(&mut self) -> &mut String {
        self.name.push_str(&user());
        &mut self.name
    }

    #[with_context(user = self.name.clone())]
    async fn by_value_later(mut self) -> (Self, String) {
        self.name += "!";
        (self, user())
    }

    #[with_context(user = self.name.clone())]
    async fn pinned_later(self: Pin<&mut Self>) -> String {
        user()
    }

    #[with_context(user = self.name.clone())]
    async fn counted_later(self: Arc<Self>) -> (usize, String) {
        (Arc::strong_count(&self), user())
    }

    #[with_context(user = self.name.clone())]
    fn returns_future(&self) -> impl Future<Output = (&str, String)> {
        async { (self.name.as_str(), user()) }
    }

    #[with_context(user = self.name.clone())]
    fn returns_future_by_mut(&mut self) -> impl Future<Output = &mut String> {
        async {
            self.name.push_str(&user());
            &mut self.name
        }
    }

    #[with_context(user = self.name.clone())]
    fn returns_future_by_value(self) -> impl Future<Output = String> {
        async move { self.name + &user() }
    }
}

#[test]
fn every_kind_of_receiver() {
    assert_eq!(server().by_reference(), ("s", "s".to_owned()));
    assert_eq!(server().by_mut(), "ss");
    assert_eq!(server().by_value(), (server(), "s".to_owned()));
    assert_eq!(server().by_mut_value(), "s!s");
    assert_eq!(Server::associated().1, "associated");
    assert_eq!(Box::new(server()).boxed(), "ss");
    assert_eq!(Arc::new(server()).counted(), (1, "s".to_owned()));
    assert_eq!(Rc::new(server()).counted_here(), "s");
    assert_eq!(Pin::new(&mut server()).pinned(), "ss");
    assert_eq!(Arc::new(server()).referenced(), "s");
    assert_outside();
}

#[tokio::test]
async fn every_kind_of_receiver_of_futures() {
    assert_eq!(server().by_reference_later().await, ("s", "s".to_owned()));
    assert_eq!(server().by_mut_later().await, "ss");
    assert_eq!(server().by_value_later().await.0.name, "s!");
    assert_eq!(Pin::new(&mut server()).pinned_later().await, "s");
    let counted = Arc::new(server()).counted_later().await;
    assert_eq!(counted, (1, "s".to_owned()));
    assert_eq!(server().returns_future().await, ("s", "s".to_owned()));
    assert_eq!(server().returns_future_by_mut().await, "ss");
    assert_eq!(server().returns_future_by_value().await, "ss");
    assert_outside();
}

#[test]
fn self_is_found_in_format_texts_and_macros_but_not_in_nested_items() {
    let shown = r#"{self} <s> Server { name: "s" } s <s> {self} <s>"#;
    assert_eq!(server().in_text(), shown);
    assert_eq!(server().visibilities(), "ssecrets", "left alone");
}

#[test]
fn texts_that_are_no_format_strings_are_left_alone() {
    for (text, expected) in server().texts_and_what_they_become() {
        assert_eq!(text, expected);
    }
}
