//! Ids of variables.

use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::explore;
use crate::var_id::{LazyVarId, VarIdAllocator};

struct Variables {
    allocator: VarIdAllocator,
    first: LazyVarId,
    second: LazyVarId,
}

fn variables() -> Arc<Variables> {
    Arc::new(Variables {
        allocator: VarIdAllocator::inheritable(),
        first: LazyVarId::new(),
        second: LazyVarId::new(),
    })
}

#[test]
fn two_variables_that_are_set_at_once_get_two_ids() {
    explore("two variables that are set at once get two ids", || {
        let variables = variables();
        let there = variables.clone();
        let other = thread::spawn(move || there.allocator.assign(&there.second).index());
        let first = variables.allocator.assign(&variables.first).index();
        let second = other.join().unwrap();
        assert_eq!([first.min(second), first.max(second)], [1, 2]);
        let seen = [&variables.first, &variables.second].map(|id| id.get().index());
        assert_eq!(seen, [first, second]);
    });
}

#[test]
fn variable_that_is_set_on_three_threads_at_once_gets_one_id() {
    explore(
        "variable that is set on three threads at once gets one id",
        || {
            let variables = variables();
            let others = [(); 2].map(|()| {
                let there = variables.clone();
                thread::spawn(move || there.allocator.assign(&there.first).index())
            });
            let here = variables.allocator.assign(&variables.first).index();
            let there = others.map(|other| other.join().unwrap());
            assert_eq!((here, there), (1, [1, 1]));
        },
    );
}

#[test]
fn reader_sees_no_id_or_the_one() {
    explore("reader sees no id or the one", || {
        let variables = variables();
        let there = variables.clone();
        let other = thread::spawn(move || there.allocator.assign(&there.first).index());
        let before = variables.first.get().index();
        // Between the reads, so that loom switches threads there.
        let second = variables.allocator.assign(&variables.second).index();
        let seen = [before, variables.first.get().index()];
        let id = other.join().unwrap();
        assert_eq!(id + second, 3);
        assert!([[0, 0], [0, id], [id, id]].contains(&seen), "{seen:?}");
    });
}

#[test]
fn whoever_got_a_context_sees_the_ids_of_its_variables() {
    explore(
        "whoever got a context sees the ids of its variables",
        || {
            let variables = variables();
            // A context that crosses threads by means that synchronise.
            let context = Arc::new(Mutex::new(None));
            let (there, sent) = (variables.clone(), context.clone());
            let other = thread::spawn(move || {
                let id = there.allocator.assign(&there.first).index();
                *sent.lock().unwrap() = Some(id);
            });
            let received = *context.lock().unwrap();
            if let Some(id) = received {
                assert_eq!(variables.first.get().index(), id);
            }
            other.join().unwrap();
        },
    );
}
