//! Section J, too: each shape that a context can have, and scopes nested deeper than usual.

use std::pin::Pin;

use context_vars::{Context, ContextVar, context_var, isolated};

use crate::support::{allocations, yield_once};

context_var! {
    static DEPTH: u32;
}

macro_rules! forty {
    ($($name:ident)*) => {
        $(context_var! { static $name: usize; })*
        static FORTY: [&ContextVar<usize>; 40] = [$(&$name),*];
    };
}

forty! {
    B0 B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B21 B22 B23 B24 B25
    B26 B27 B28 B29 B30 B31 B32 B33 B34 B35 B36 B37 B38 B39
}

/// The first `size` of the variables, each set to its place.
fn of(size: usize) -> Context {
    let set = |context: Context, place| context.with_value(FORTY[place], place);
    (0..size).fold(Context::new(), set)
}

fn places_in(context: &Context) -> Vec<usize> {
    let values = FORTY.iter().filter_map(|var| context.get(var));
    values.copied().collect()
}

/// Sets the variable of each level from `level` on, and gives what each has captured.
fn nest(level: usize) -> Pin<Box<dyn Future<Output = Vec<Context>>>> {
    let Some(var) = FORTY.get(level) else {
        return Box::pin(std::future::ready(Vec::new()));
    };
    Box::pin(var.scope(level, async move {
        yield_once().await;
        let mut captured = vec![Context::current()];
        captured.extend(nest(level + 1).await);
        check(level);
        captured
    }))
}

fn check(level: usize) {
    for (place, var) in FORTY.iter().enumerate() {
        assert_eq!(var.try_get().ok(), (place <= level).then_some(place));
    }
}

#[test]
fn captures_of_forty_nested_levels_hold_exactly_what_was_set_around_them() {
    // case 221; there are no events to be counted (case 284).
    let captured = futures::executor::block_on(nest(0));
    assert_eq!(captured.len(), FORTY.len());
    for (level, context) in captured.iter().enumerate() {
        context.clone().run(|| check(level));
        isolated(|| context.clone().run(|| check(level)));
        for (around, outer) in captured.iter().enumerate() {
            outer.clone().run(|| {
                context.clone().run(|| check(level));
                check(around);
            });
        }
        assert!(FORTY.iter().all(|var| !var.is_set()));
    }
}

#[test]
fn removing_what_is_there_or_not_leaves_the_rest_in_every_shape() {
    // case 229
    for size in [0, 1, 2, 15, 16, 17, 33, 40] {
        let full = of(size);
        for (place, var) in FORTY.iter().enumerate() {
            let once = full.clone().without(var);
            let twice = once.clone().without(var);
            let rest: Vec<_> = (0..size).filter(|&other| other != place).collect();
            for less in [once, twice] {
                assert_eq!((less.len(), places_in(&less)), (rest.len(), rest.clone()));
            }
            assert_eq!(places_in(&full).len(), size);
        }
    }
}

#[test]
fn set_beside_a_copy_takes_as_many_blocks_however_many_are_set() {
    // case 309: a node, the path of the tree if there is one, and the value.
    for size in [1, 2, 3, 4, 5, 16, 17, 40] {
        of(size).run(|| {
            for var in [FORTY[0], FORTY[39]] {
                let copy = Context::current();
                let blocks = allocations(|| drop(var.set(0)));
                assert!(blocks <= 6, "{blocks} blocks with {size} variables");
                assert_eq!(allocations(|| var.get()), 0);
                drop(copy);
            }
        });
    }
}

#[test]
fn scopes_nested_deeper_than_sixteen_bits_can_count_are_exact() {
    // case 234: where levels are counted in 16 bits, those beyond are ignored. Ours end where the
    // stack does.
    const LEVELS: u32 = 70_000;
    fn level(depth: u32) {
        if depth < LEVELS {
            DEPTH.sync_scope(depth, || {
                level(depth + 1);
                assert_eq!(DEPTH.get(), depth);
            });
        }
    }
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(|| {
        level(0);
        assert!(!DEPTH.is_set());
        level(LEVELS - 2);
        assert!(!DEPTH.is_set());
    });
    assert!(thread.expect("a thread").join().is_ok());
}
