//! `#[with_context]` in traits and in implementations of traits.

use std::sync::Arc;

use async_trait::async_trait;
use context_vars::with_context;

use super::{USER, assert_outside, later, user};
use crate::support::yield_once;

trait Greet {
    fn name(&self) -> String;

    #[with_context(user = self.name())]
    fn greet(&self) -> String {
        format!("hello {}", user())
    }

    #[with_context(user = self.name())]
    fn consume(self) -> String
    where
        Self: Sized,
    {
        self.name() + &user()
    }

    #[allow(async_fn_in_trait)]
    #[with_context(user = self.name())]
    async fn greet_later(&self) -> String {
        format!("hello {}", later().await)
    }

    fn wave(&self, times: u8) -> String;

    fn wave_later(&self, times: u8) -> impl Future<Output = String> + Send;
}

struct Person(&'static str);

impl Greet for Person {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    #[with_context(user = self.name())]
    fn wave(&self, times: u8) -> String {
        format!("{} waves {times} times", user())
    }

    #[with_context(user = self.name())]
    async fn wave_later(&self, times: u8) -> String {
        format!("{} waves {times} times", later().await)
    }
}

#[test]
fn default_methods_and_implementations() {
    let person = Person("alice");
    assert_eq!(person.greet(), "hello alice");
    assert_eq!(person.wave(2), "alice waves 2 times");
    assert_eq!(person.consume(), "alicealice");
    assert_outside();
}

#[tokio::test]
async fn async_methods_of_traits() {
    let person = Person("alice");
    assert_eq!(person.greet_later().await, "hello alice");
    assert_eq!(person.wave_later(2).await, "alice waves 2 times");
    assert_outside();
}

#[async_trait]
trait Fetch: Send + Sync {
    async fn fetch(&self, key: String) -> Result<String, std::num::ParseIntError>;

    #[with_context(user = "default".to_owned())]
    async fn ping(&self) -> String {
        later().await
    }
}

struct Store(&'static str);

#[async_trait]
impl Fetch for Store {
    #[with_context(user = format!("{}{}", self.0, key.clone()))]
    async fn fetch(&self, key: String) -> Result<String, std::num::ParseIntError> {
        let number: u8 = key.parse()?;
        Ok(format!("{number} {}", later().await))
    }
}

#[async_trait(?Send)]
trait Local {
    async fn take(self: Arc<Self>, n: u8) -> String;
}

#[async_trait(?Send)]
impl Local for Store {
    #[with_context(user = { yield_once().await; format!("{n}") })]
    async fn take(self: Arc<Self>, n: u8) -> String {
        self.0.to_owned() + &later().await
    }
}

#[tokio::test]
async fn async_trait_methods() {
    let store: Box<dyn Fetch> = Box::new(Store("s"));
    assert_eq!(store.fetch("5".into()).await.unwrap(), "5 s5");
    assert!(store.fetch("x".into()).await.is_err());
    assert_eq!(store.ping().await, "default");
    assert_eq!(Arc::new(Store("s")).take(7).await, "s7");
    assert_outside();
}

#[test]
fn under_async_trait_all_happens_in_the_future() {
    drop(Store("s").fetch("5".into()));
    assert_outside();
}
