//! Programs that once found something, each named by what it found.

use context_vars_model::program::{Inherits, Keep, Op, Work, Wrap};
use context_vars_model::value::Hook;
use context_vars_model::variables::Variables;
use context_vars_model::{Program, hush_expected_panics, run};

fn check(inherited: usize, in_root: bool, body: impl IntoIterator<Item = Op>) {
    hush_expected_panics();
    run(&Program {
        variables: Variables::new(inherited, 0),
        in_root,
        body: body.into_iter().collect(),
    });
}

#[test]
fn token_dropped_on_another_thread_took_the_value_that_was_being_read() {
    for var in [0, 14, 15, 39, 40] {
        let inside = [
            Op::Set(var, Hook::Nothing, Keep::Token),
            Op::DropTokensOnThread,
        ];
        check(
            40,
            false,
            [
                Op::Set(var, Hook::Nothing, Keep::Nothing),
                Op::With(var, inside.into()),
            ],
        );
    }
}

#[test]
fn value_that_panicked_at_the_end_of_its_thread_aborted_the_process() {
    // Variable 2 is one that is not inherited.
    let bombs = [0, 1, 2].map(|var| Op::Set(var, Hook::Panic, Keep::Nothing));
    check(2, true, bombs.clone());
    check(2, false, [Op::Thread(Inherits::No, bombs.into())]);
}

#[test]
fn second_value_that_panicked_while_the_first_unwound_aborted_the_process() {
    for size in [1, 16, 40] {
        let bombs = (0..size).map(|var| Op::Set(var, Hook::Panic, Keep::Nothing));
        let bombs: Vec<_> = bombs.collect();
        check(40, false, [Op::Detached(bombs.clone())]);
        let wraps = vec![Wrap::Scope(0, Hook::Panic), Wrap::Inherit, Wrap::Isolating];
        let start = Op::Start(Work::Future(wraps), vec![bombs], Hook::Panic);
        check(40, false, [start, Op::Poll(0), Op::Poll(0)]);
    }
}

#[test]
fn value_outlives_the_one_that_displaces_it_from_a_dying_context() {
    // A context gives its references back one by one: what a `Drop` displaces meanwhile may
    // still be held by the rest of it, and goes with that.
    check(
        40,
        false,
        [
            Op::SetMany(0, 40),
            Op::Scope(
                15,
                Hook::Set(4),
                vec![Op::Scope(0, Hook::Nothing, vec![Op::Snapshot])],
            ),
        ],
    );
}
