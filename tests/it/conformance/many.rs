//! Section J: many variables. Random programs over up to 1,000 of them are in `tests/proof/model`.

use context_vars::{Context, ContextVar, context_var, isolated};

use crate::support::allocations;

context_var! {
    static ONE: u64;
}

macro_rules! sixteen {
    ($($name:ident)*) => {
        $(context_var! { static $name: u32; })*
        static SIXTEEN: [&ContextVar<u32>; 16] = [$(&$name),*];
    };
}

sixteen! { A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12 A13 A14 A15 }

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695);
        (self.0 >> 33) as usize % sides
    }
}

fn check(model: &[Option<u32>; 16]) {
    for (var, expected) in SIXTEEN.iter().zip(model) {
        assert_eq!(var.try_get().ok(), *expected);
    }
}

fn level(depth: u32, model: &[Option<u32>; 16], dice: &mut Dice) {
    check(model);
    for _ in 0..1000 {
        let n = dice.roll(16);
        assert_eq!(SIXTEEN[n].try_get().ok(), model[n]);
    }
    check(model);
    if depth < 24 {
        let n = dice.roll(16);
        let mut inner = *model;
        inner[n] = Some(depth * 100 + n as u32);
        SIXTEEN[n].sync_scope(depth * 100 + n as u32, || level(depth + 1, &inner, dice));
    }
    check(model);
}

#[test]
fn sixteen_variables_rebound_at_random_on_every_level_are_what_the_model_says() {
    // case 222 and case 236
    level(0, &[None; 16], &mut Dice(1));
    let there = std::thread::spawn(|| level(0, &[None; 16], &mut Dice(2)));
    there.join().unwrap();
}

#[test]
fn setting_again_makes_no_new_context() {
    // case 224: CPython hands the same map back if the object is the same. Here a set puts one
    // value in the place of another, in a context that is not shared: one block for the value,
    // which the thread's free list has.
    isolated(|| {
        for _ in 0..3 {
            drop(ONE.set(7));
        }
        let count = allocations(|| drop(ONE.set(7)));
        let of_the_value = u32::from(cfg!(context_vars_no_free_lists));
        assert_eq!(count, of_the_value as usize);
    });
}

#[test]
fn every_place_of_the_deepest_tree_is_listed() {
    // case 227: the collision at full depth that CPython missed has no counterpart, since numbers
    // do not collide; the tree has as many levels as the highest number needs.
    let mut context = Context::new();
    for (n, var) in SIXTEEN.iter().enumerate() {
        context = context.with_value(var, n as u32);
    }
    context = context.with_value(&ONE, 1);
    let mut listed: Vec<_> = context.iter().map(|entry| entry.name()).collect();
    assert!(listed.is_sorted());
    listed.dedup();
    assert_eq!((listed.len(), context.len()), (17, 17));
}
