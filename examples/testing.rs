//! `cargo test --example testing`: tests that set variables, each isolated from the others.
//!
//! A test starts in the context of its thread, and test runners share threads: proptest runs all
//! cases of a property on one. So a test that sets a variable needs a scope. `#[with_context]` gives
//! it one and lists what the test needs; in a property, `detached` starts every case anew.

use context_vars::context_var;

context_var! {
    static USER: String = "anonymous".to_owned();
    static DISCOUNT: u32 = 0;
}

/// The function under test, which reads its variables and has no arguments for them.
fn price(full: u32) -> u32 {
    full - full * DISCOUNT.get() / 100
}

async fn greeting() -> String {
    tokio::task::yield_now().await;
    format!("hello {}", USER.get())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (full, reduced) = (price(200), DISCOUNT.sync_scope(25, || price(200)));
    let hello = USER.scope("alice".to_owned(), greeting()).await;
    println!("{hello}: {full} without a discount, {reduced} with 25 %");
    println!("run `cargo test --example testing` to see the tests");
    assert_eq!((full, reduced), (200, 150));
}

#[cfg(test)]
mod tests {
    use context_vars::{detached, with_context};
    use proptest::prelude::*;
    use rstest::{fixture, rstest};

    use super::*;

    /// The first line says what the test needs. Everything that the test sets is gone when it ends.
    #[test]
    #[with_context(discount = 25)]
    fn discount_is_taken_off() {
        assert_eq!(price(200), 150);
        DISCOUNT.set(50);
        assert_eq!(price(200), 100);
    }

    #[tokio::test]
    #[with_context(user = "alice".to_owned())]
    async fn greeting_names_the_user() {
        assert_eq!(greeting().await, "hello alice");
    }

    /// Without variables the attribute only keeps what the test sets to the test.
    #[tokio::test(flavor = "multi_thread")]
    #[with_context]
    async fn test_may_set_what_it_likes() {
        assert_eq!(greeting().await, "hello anonymous");
        USER.set("bob".to_owned());
        assert_eq!(greeting().await, "hello bob");
    }

    #[fixture]
    fn catalogue() -> Vec<u32> {
        vec![0, 100, 200]
    }

    #[rstest]
    #[case(0, 300)]
    #[case(50, 150)]
    #[case(100, 0)]
    #[with_context] // rstest puts it on what calls this, where there are no arguments
    fn sum_of_a_catalogue(catalogue: Vec<u32>, #[case] percent: u32, #[case] expected: u32) {
        DISCOUNT.set(percent);
        let sum: u32 = catalogue.into_iter().map(price).sum();
        assert_eq!(sum, expected);
    }

    proptest! {
        /// Without `detached` each case would see the discount of the case before.
        #[test]
        fn price_never_grows(full in 0_u32..10_000, percent in 0_u32..=100) {
            detached(|| {
                prop_assert!(!DISCOUNT.is_set());
                DISCOUNT.set(percent);
                prop_assert!(price(full) <= full);
                Ok(())
            })?;
        }
    }
}
