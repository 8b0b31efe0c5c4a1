//! R6 and the map, with more variables than a node has slots.

use std::panic::catch_unwind;
use std::pin::Pin;

use context_vars::{Context, ContextVar, context_var, detached, with_context};

use crate::support::{allocations, on_a_thread, times, yield_once};

macro_rules! variables {
    ($($name:ident)*) => {
        $(context_var! { static $name: usize; })*
        static ALL: &[&ContextVar<usize>] = &[$(&$name),*];
    };
}

// More than a node and one level of the tree hold.
#[rustfmt::skip]
variables! {
    V000 V001 V002 V003 V004 V005 V006 V007 V008 V009 V010 V011 V012 V013 V014 V015 V016
    V017 V018 V019 V020 V021 V022 V023 V024 V025 V026 V027 V028 V029 V030 V031 V032 V033
    V034 V035 V036 V037 V038 V039 V040 V041 V042 V043 V044 V045 V046 V047 V048 V049 V050
    V051 V052 V053 V054 V055 V056 V057 V058 V059 V060 V061 V062 V063 V064 V065 V066 V067
    V068 V069 V070 V071 V072 V073 V074 V075 V076 V077 V078 V079 V080 V081 V082 V083 V084
    V085 V086 V087 V088 V089 V090 V091 V092 V093 V094 V095 V096 V097 V098 V099 V100 V101
    V102 V103 V104 V105 V106 V107 V108 V109 V110 V111 V112 V113 V114 V115 V116 V117 V118
    V119 V120 V121 V122 V123 V124 V125 V126 V127 V128 V129 V130 V131 V132 V133 V134 V135
    V136 V137 V138 V139 V140 V141 V142 V143 V144 V145 V146 V147 V148 V149 V150 V151 V152
    V153 V154 V155 V156 V157 V158 V159 V160 V161 V162 V163 V164 V165 V166 V167 V168 V169
    V170 V171 V172 V173 V174 V175 V176 V177 V178 V179 V180 V181 V182 V183 V184 V185 V186
    V187 V188 V189 V190 V191 V192 V193 V194 V195 V196 V197 V198 V199 V200 V201 V202 V203
    V204 V205 V206 V207 V208 V209 V210 V211 V212 V213 V214 V215 V216 V217 V218 V219 V220
    V221 V222 V223 V224 V225 V226 V227 V228 V229 V230 V231 V232 V233 V234 V235 V236 V237
    V238 V239 V240 V241 V242 V243 V244 V245 V246 V247 V248 V249 V250 V251 V252 V253 V254
    V255 V256 V257 V258 V259 V260 V261 V262 V263 V264 V265 V266 V267 V268 V269 V270 V271
    V272 V273 V274 V275 V276 V277 V278 V279 V280 V281 V282 V283 V284 V285 V286 V287 V288
    V289 V290 V291 V292 V293 V294 V295 V296 V297 V298 V299
}

#[test]
fn every_variable_keeps_its_own_value() {
    detached(|| {
        ALL.iter().enumerate().for_each(|(n, var)| drop(var.set(n)));
        assert!(ALL.iter().map(|var| var.get()).eq(0..ALL.len()));
        // case 227: numbers do not collide; the tree has the levels that the highest one needs.
        let all = Context::current();
        let mut listed: Vec<_> = all.iter().map(|entry| entry.name()).collect();
        assert!(listed.is_sorted());
        listed.dedup();
        assert_eq!((listed.len(), all.len()), (ALL.len(), ALL.len()));
    });
}

#[test]
fn copies_of_many_variables_are_independent() {
    // case 226
    let versions: Vec<_> = detached(|| {
        let versions = ALL.iter().enumerate().map(|(n, var)| {
            var.set(n);
            Context::current()
        });
        versions.collect()
    });
    for (n, version) in versions.iter().enumerate() {
        assert_eq!(version.len(), n + 1);
        assert_eq!(version.get(ALL[n]), Some(&n));
        assert!(ALL.get(n + 1).is_none_or(|next| !version.contains(next)));
    }
}

#[test]
fn scope_over_many_variables_restores_them_all() {
    of(ALL.len()).run(|| {
        for (n, var) in ALL.iter().enumerate() {
            let other = ALL[(n + 7) % ALL.len()];
            let inside = var.sync_scope(1000 + n, || {
                other.set(5);
                Context::current()
            });
            assert_eq!(inside.get(var), Some(&(1000 + n)));
            assert_eq!(inside.get(other), Some(&5));
            assert_eq!((var.get(), inside.len()), (n, ALL.len()));
        }
        assert!(ALL.iter().map(|var| var.get()).eq(0..ALL.len()));
    });
}

#[with_context(
    v000 = 1000,
    v020 = 1020,
    v001 = 1001,
    v299 = 1299,
    v150 = 1150,
    v002 = 1002
)]
fn in_slots_and_in_the_tree() -> Context {
    Context::current()
}

#[test]
fn one_scope_sets_variables_in_slots_and_in_the_tree() {
    let outside = of(ALL.len());
    let inside = outside.clone().run(in_slots_and_in_the_tree);
    for (n, var) in ALL.iter().enumerate() {
        let set = [0, 1, 2, 20, 150, 299].contains(&n);
        assert_eq!(inside.get(var), Some(&if set { 1000 + n } else { n }));
        assert_eq!(outside.get(var), Some(&n));
    }
    assert_eq!(inside.len(), ALL.len());
    assert_eq!(detached(in_slots_and_in_the_tree).len(), 6);
}

/// The first `size` of the variables, each set to its index.
fn of(size: usize) -> Context {
    let set = |context: Context, index: usize| context.with_value(ALL[index], index);
    (0..size).fold(Context::new(), set)
}

fn indices_in(context: &Context) -> Vec<usize> {
    let set = ALL.iter().filter_map(|var| context.get(var));
    set.copied().collect()
}

#[test]
fn removing_what_is_there_or_not_leaves_the_rest_in_every_shape() {
    // case 229
    for size in [0, 1, 2, 15, 16, 17, 33, 40] {
        let full = of(size);
        for (index, var) in ALL[..40].iter().enumerate() {
            let once = full.clone().without(var);
            let twice = once.clone().without(var);
            let rest: Vec<_> = (0..size).filter(|&other| other != index).collect();
            for less in [once, twice] {
                assert_eq!((less.len(), indices_in(&less)), (rest.len(), rest.clone()));
            }
            assert_eq!(indices_in(&full).len(), size);
        }
    }
    let all = ALL.iter();
    let none = all.fold(of(ALL.len()), |context, var| context.without(var));
    assert!(none.is_empty());
}

/// Sets the variable of each level from `level` on, and gives what each has captured.
fn nest(level: usize) -> Pin<Box<dyn Future<Output = Vec<Context>>>> {
    let Some(var) = ALL[..40].get(level) else {
        return Box::pin(std::future::ready(Vec::new()));
    };
    Box::pin(var.scope(level, async move {
        yield_once().await;
        let mut captured = vec![Context::current()];
        captured.extend(nest(level + 1).await);
        check_nested(level);
        captured
    }))
}

fn check_nested(level: usize) {
    for (index, var) in ALL[..40].iter().enumerate() {
        assert_eq!(var.try_get().ok(), (index <= level).then_some(index));
    }
}

#[test]
fn captures_of_forty_nested_levels_hold_exactly_what_was_set_around_them() {
    // case 221; there are no events to be counted (case 284).
    let captured = futures::executor::block_on(nest(0));
    assert_eq!(captured.len(), 40);
    for (level, context) in captured.iter().enumerate() {
        context.clone().run(|| check_nested(level));
        detached(|| context.clone().run(|| check_nested(level)));
        for (around, outer) in captured.iter().enumerate() {
            outer.clone().run(|| {
                context.clone().run(|| check_nested(level));
                check_nested(around);
            });
        }
        assert!(ALL[..40].iter().all(|var| !var.is_set()));
    }
}

#[test]
fn set_beside_a_copy_takes_as_many_blocks_however_many_are_set() {
    // case 309: a node, the path of the tree if there is one, and the value.
    for size in [1, 2, 3, 4, 5, 16, 17, 40] {
        of(size).run(|| {
            for var in [ALL[0], ALL[39]] {
                let copy = Context::current();
                let blocks = allocations(|| drop(var.set(0)));
                assert!(blocks <= 6, "{blocks} blocks with {size} variables");
                assert_eq!(allocations(|| var.get()), 0);
                drop(copy);
            }
        });
    }
}

/// Returns a number below 16 that looks random and is the same in every run.
fn roll(state: &mut u64) -> usize {
    let product = state.wrapping_mul(6_364_136_223_846_793_005);
    *state = product.wrapping_add(1_442_695);
    (*state >> 33) as usize % 16
}

fn check(model: &[Option<usize>; 16]) {
    for (var, expected) in ALL.iter().zip(model) {
        assert_eq!(var.try_get().ok(), *expected);
    }
}

fn level(depth: usize, model: &[Option<usize>; 16], dice: &mut u64) {
    check(model);
    if depth < 24 {
        let (n, value) = (roll(dice), depth * 100);
        let mut inner = *model;
        inner[n] = Some(value);
        ALL[n].sync_scope(value, || level(depth + 1, &inner, dice));
        check(model);
    }
}

#[test]
fn sixteen_variables_rebound_at_random_on_every_level_are_what_the_model_says() {
    // case 222 and case 236
    for seed in 0..times(100) as u64 {
        let all_levels = || on_a_thread(move || level(0, &[None; 16], &mut { seed }));
        assert!(catch_unwind(all_levels).is_ok(), "with the seed {seed}");
    }
}
