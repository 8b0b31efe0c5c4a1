//! Numbers of variables.

use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::explore;
use crate::number::{Number, Numbering};

struct Variables {
    numbering: Numbering,
    first: Number,
    second: Number,
}

fn variables() -> Arc<Variables> {
    Arc::new(Variables {
        numbering: Numbering::after(0),
        first: Number::none(),
        second: Number::none(),
    })
}

#[test]
fn two_variables_that_are_set_at_once_get_two_numbers() {
    explore("two variables that are set at once get two numbers", || {
        let variables = variables();
        let there = variables.clone();
        let other = thread::spawn(move || there.numbering.assign(&there.second));
        let first = variables.numbering.assign(&variables.first);
        let second = other.join().unwrap();
        assert_eq!([first.min(second), first.max(second)], [1, 2]);
        assert_eq!(
            (variables.first.get(), variables.second.get()),
            (first, second)
        );
    });
}

#[test]
fn variable_that_is_set_on_three_threads_at_once_gets_one_number() {
    explore(
        "variable that is set on three threads at once gets one number",
        || {
            let variables = variables();
            let others = [(); 2].map(|()| {
                let there = variables.clone();
                thread::spawn(move || there.numbering.assign(&there.first))
            });
            let here = variables.numbering.assign(&variables.first);
            let there = others.map(|other| other.join().unwrap());
            assert_eq!((here, there), (1, [1, 1]));
        },
    );
}

#[test]
fn reader_sees_no_number_or_the_one() {
    explore("reader sees no number or the one", || {
        let variables = variables();
        let there = variables.clone();
        let other = thread::spawn(move || there.numbering.assign(&there.first));
        let before = variables.first.get();
        // Between the reads, so that loom switches threads there.
        let second = variables.numbering.assign(&variables.second);
        let seen = [before, variables.first.get()];
        let number = other.join().unwrap();
        assert_eq!(number + second, 3);
        assert!(
            [[0, 0], [0, number], [number, number]].contains(&seen),
            "{seen:?}"
        );
    });
}

#[test]
fn whoever_got_a_context_sees_the_numbers_of_its_variables() {
    explore(
        "whoever got a context sees the numbers of its variables",
        || {
            let variables = variables();
            // A context that crosses threads by means that synchronise.
            let context = Arc::new(Mutex::new(None));
            let (there, sent) = (variables.clone(), context.clone());
            let other = thread::spawn(move || {
                let number = there.numbering.assign(&there.first);
                *sent.lock().unwrap() = Some(number);
            });
            let received = *context.lock().unwrap();
            if let Some(number) = received {
                assert_eq!(variables.first.get(), number);
            }
            other.join().unwrap();
        },
    );
}
