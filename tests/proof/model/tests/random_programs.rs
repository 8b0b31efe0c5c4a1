//! Random programs, shrunk by proptest when one fails.
//!
//! `CONTEXT_VARS_STEPS` says how many steps to run (20,000 by itself, 1,000,000 in `.ci/proof`),
//! `CONTEXT_VARS_SEED` repeats a run by the seed that it printed.

use std::fmt::Debug;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use context_vars_model::decode::SIZES;
use context_vars_model::program::{Body, Inherits, Keep, Op, RunAsync, Work, Wrap};
use context_vars_model::value::Hook;
use context_vars_model::variables::{MOST, Variables};
use context_vars_model::{Program, STACK, run};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{
    Config, FileFailurePersistence, RngAlgorithm, TestCaseError, TestRng, TestRunner,
};

/// A variable; the first ones again and again, so that operations meet.
fn var() -> impl Strategy<Value = u16> + Clone {
    prop_oneof![4 => 0..5u16, 3 => 0..48u16, 1 => 0..1200u16]
}

fn hook() -> impl Strategy<Value = Hook> + Clone {
    prop_oneof![
        12 => Just(Hook::Nothing),
        1 => var().prop_map(Hook::Read),
        1 => var().prop_map(Hook::Set),
        1 => var().prop_map(Hook::Scope),
        1 => Just(Hook::Copy),
        1 => Just(Hook::Panic),
        1 => Just(Hook::PanicOnce),
        1 => Just(Hook::PanicOnClone),
    ]
}

fn keep() -> impl Strategy<Value = Keep> {
    prop_oneof![Just(Keep::Token), Just(Keep::Nothing)]
}

fn wrap() -> impl Strategy<Value = Wrap> {
    prop_oneof![
        3 => (var(), hook()).prop_map(|(var, hook)| Wrap::Scope(var, hook)),
        1 => Just(Wrap::Isolating),
        2 => Just(Wrap::Inherit),
        1 => any::<u8>().prop_map(Wrap::In),
    ]
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        4 => vec(wrap(), 0..4).prop_map(Work::Future),
        1 => Just(Work::Iterator),
        1 => Just(Work::Function),
        1 => Just(Work::Closure),
        2 => Just(Work::Message),
    ]
}

fn leaf() -> impl Strategy<Value = Op> {
    let reads = prop_oneof![
        var().prop_map(Op::Read),
        var().prop_map(Op::Get),
        var().prop_map(Op::GetOr),
        var().prop_map(Op::IsSet),
        Just(Op::EnumerateCurrent),
    ];
    let sets = prop_oneof![
        8 => (var(), hook(), keep()).prop_map(|(var, hook, keep)| Op::Set(var, hook, keep)),
        1 => (var(), keep()).prop_map(|(var, keep)| Op::Unset(var, keep)),
        4 => any::<u8>().prop_map(Op::Reset),
        1 => (any::<u8>(), var()).prop_map(|(token, var)| Op::ResetBy(token, var)),
        1 => any::<u8>().prop_map(Op::OldValue),
        2 => any::<u8>().prop_map(Op::DropToken),
    ];
    let contexts = prop_oneof![
        4 => Just(Op::Snapshot),
        2 => any::<u8>().prop_map(Op::CloneOf),
        2 => any::<u8>().prop_map(Op::DropContext),
        2 => (any::<u8>(), var(), hook()).prop_map(|(c, var, hook)| Op::WithValue(c, var, hook)),
        2 => (any::<u8>(), var()).prop_map(|(context, var)| Op::Without(context, var)),
        1 => (any::<u8>(), var()).prop_map(|(context, var)| Op::Look(context, var)),
        1 => any::<u8>().prop_map(Op::Enumerate),
        4 => any::<u8>().prop_map(Op::Attach),
        2 => any::<u8>().prop_map(Op::Detach),
        3 => any::<u8>().prop_map(Op::DropGuard),
        1 => any::<u8>().prop_map(Op::ForgetGuard),
    ];
    let works = prop_oneof![
        6 => any::<u8>().prop_map(Op::Poll),
        1 => any::<u8>().prop_map(Op::DropWork),
        2 => any::<u8>().prop_map(Op::Handle),
    ];
    let rare = prop_oneof![
        4 => any::<u8>().prop_map(Op::PollOnThread),
        2 => any::<u8>().prop_map(Op::DropWorkOnThread),
        2 => Just(Op::DropTokensOnThread),
        3 => Just(Op::ReadAll),
        3 => Just(Op::Throw),
        1 => (any::<u16>(), any::<u16>()).prop_map(|(var, count)| Op::SetMany(var, count)),
    ];
    prop_oneof![4 => reads, 8 => sets, 7 => contexts, 6 => works, 1 => rare]
}

fn body_of(op: impl Strategy<Value = Op> + Clone) -> impl Strategy<Value = Body> + Clone {
    vec(op, 0..6)
}

fn run_async(body: impl Strategy<Value = Body> + Clone) -> impl Strategy<Value = RunAsync> {
    let parts = (vec(body.clone(), 1..4), body, 0..5_u8, hook());
    parts.prop_map(|(steps, between, polls, hook)| RunAsync {
        steps,
        between,
        polls,
        hook,
    })
}

fn op() -> impl Strategy<Value = Op> {
    leaf().prop_recursive(5, 48, 6, |op| {
        let op = op.clone();
        let body = body_of(op.clone());
        prop_oneof![
            8 => op,
            4 => (var(), body.clone()).prop_map(|(var, body)| Op::With(var, body)),
            4 => (var(), hook(), body.clone()).prop_map(|(v, hook, body)| Op::Scope(v, hook, body)),
            2 => (vec((var(), hook()), 0..5), body.clone())
                .prop_map(|(sets, body)| Op::Function(sets, body)),
            1 => body.clone().prop_map(Op::Detached),
            4 => (any::<u8>(), body.clone()).prop_map(|(context, body)| Op::Run(context, body)),
            4 => (work(), vec(body.clone(), 1..4), hook())
                .prop_map(|(work, steps, hook)| Op::Start(work, steps, hook)),
            2 => (any::<u8>(), run_async(body.clone()))
                .prop_map(|(context, work)| Op::RunAsync(context, work)),
            1 => (any::<bool>(), body).prop_map(|(inherits, body)| {
                let inherits = if inherits { Inherits::Yes } else { Inherits::No };
                Op::Thread(inherits, body)
            }),
        ]
    })
}

fn program() -> impl Strategy<Value = Program> {
    let first = prop_oneof![3 => Just(0), 1 => 0..MOST];
    let shape = (0..SIZES.len(), first, any::<bool>(), any::<bool>());
    (shape, vec(op(), 1..40)).prop_map(|((size, first, in_root, full), mut body)| {
        if full {
            // All of them are set from the start, in half of the programs.
            body.insert(0, Op::SetMany(0, SIZES[size] as u16));
        }
        Program {
            variables: Variables::new(SIZES[size], first),
            in_root,
            body,
        }
    })
}

/// Returns the number in an environment variable, if it is set.
fn given<T: FromStr<Err: Debug>>(name: &str) -> Option<T> {
    let digits = std::env::var(name).ok()?.replace('_', "");
    Some(digits.parse().expect(name))
}

fn seed() -> u64 {
    given("CONTEXT_VARS_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.expect("a clock past 1970").as_nanos() as u64
    })
}

#[test]
fn programs_do_what_the_model_says() {
    let (seed, wanted) = (seed(), given("CONTEXT_VARS_STEPS").unwrap_or(20_000));
    println!("model: CONTEXT_VARS_SEED={seed} CONTEXT_VARS_STEPS={wanted}");
    // Of a program that fails, only the smallest form is worth a word.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let run = Run {
        seed,
        wanted,
        rounds: AtomicU64::new(0),
        steps: AtomicUsize::new(0),
    };
    let failed = on_all_processors(|| run.rounds());
    std::panic::set_hook(hook);
    for failure in &failed {
        println!("model: with CONTEXT_VARS_SEED={seed}: {failure}");
    }
    assert!(failed.is_empty(), "{} differences, see above", failed.len());
    let (rounds, steps) = (run.rounds.into_inner(), run.steps.into_inner());
    let programs = rounds * u64::from(PROGRAMS_A_ROUND);
    println!("model: {programs} programs, {steps} steps, 0 differences");
}

/// Runs `work` on as many threads as there are processors; gives what failed.
fn on_all_processors(work: impl Fn() -> Result<(), String> + Sync) -> Vec<String> {
    let count = std::thread::available_parallelism().map_or(1, |count| count.get().min(8));
    std::thread::scope(|threads| {
        let thread = |_| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn_scoped(threads, &work).expect("a thread")
        };
        let threads: Vec<_> = (0..count).map(thread).collect();
        let results = threads.into_iter().map(|thread| thread.join());
        let failed = results.filter_map(|result| result.expect("a result").err());
        failed.collect()
    })
}

struct Run {
    seed: u64,
    wanted: usize,
    rounds: AtomicU64,
    steps: AtomicUsize,
}

impl Run {
    fn rounds(&self) -> Result<(), String> {
        while self.steps.load(Ordering::Relaxed) < self.wanted {
            let round = self.rounds.fetch_add(1, Ordering::Relaxed);
            let steps = run_round(self.seed, round)?;
            self.steps.fetch_add(steps, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Runs some programs and returns how many steps that were.
fn run_round(seed: u64, round: u64) -> Result<usize, String> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&round.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let steps = std::cell::Cell::new(0);
    let result = TestRunner::new_with_rng(config(), rng).run(&program(), |program| {
        steps.set(steps.get() + run_caught(&program)?);
        Ok(())
    });
    result.map_err(|error| format!("round {round}: {error}"))?;
    Ok(steps.get())
}

const PROGRAMS_A_ROUND: u32 = 16;

fn config() -> Config {
    Config {
        cases: PROGRAMS_A_ROUND,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/random_programs.regressions",
        ))),
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// A failed assertion as an error, so that proptest makes the program smaller.
fn run_caught(program: &Program) -> Result<usize, TestCaseError> {
    std::panic::catch_unwind(|| run(program)).map_err(|payload| {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied());
        TestCaseError::fail(text.unwrap_or("a panic without a text").to_owned())
    })
}
