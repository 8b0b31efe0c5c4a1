//! All short programs, and many long ones, beside a model of R22.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use context_vars::{Attached, Context, prelude::*};

use super::COUNT;
use crate::support::poll_once;

#[derive(Clone, Copy, Debug)]
enum Op {
    Set,
    Attach,
    /// Drops the guard that was made first, of those that are left.
    DropFirst,
    DropLast,
    DetachMiddle,
    ForgetLast,
    Scope,
    Run,
    Poll,
    Leave,
    Unwind,
}

use Op::*;

const ALL: [Op; 11] = [
    Set,
    Attach,
    DropFirst,
    DropLast,
    DetachMiddle,
    ForgetLast,
    Scope,
    Run,
    Poll,
    Leave,
    Unwind,
];

/// What R22 says: frames and attached contexts in one stack, each with what `COUNT` is there.
#[derive(Default)]
struct Model {
    layers: Vec<Layer>,
    /// What contexts that have ended had.
    ended: Vec<(usize, u32)>,
}

struct Layer {
    /// The guard's number, unless this is a frame.
    attached: Option<usize>,
    count: u32,
    is_released: bool,
}

impl Model {
    fn push(&mut self, attached: Option<usize>, count: u32) {
        self.layers.push(Layer {
            attached,
            count,
            is_released: false,
        });
    }

    fn count(&self) -> u32 {
        self.layers.last().map_or(0, |layer| layer.count)
    }

    /// What the guard hands back.
    fn detach(&mut self, guard: usize) -> Option<u32> {
        if let Some(index) = self.ended.iter().position(|(ended, _)| *ended == guard) {
            return Some(self.ended.remove(index).1);
        }
        let index = self
            .layers
            .iter()
            .position(|layer| layer.attached == Some(guard))?;
        match self.layers.get(index + 1) {
            Some(Layer { attached: None, .. }) => {
                self.layers[index].is_released = true;
                None
            }
            _ => Some(self.layers.remove(index).count),
        }
    }

    fn leave(&mut self) {
        while let Some(layer) = self.layers.pop() {
            let Some(guard) = layer.attached else { break };
            self.ended.push((guard, layer.count));
        }
        while self.layers.last().is_some_and(|layer| layer.is_released) {
            self.layers.pop();
        }
    }
}

struct Machine<'a> {
    program: &'a [Op],
    next: usize,
    depth: usize,
    value: u32,
    guards: Vec<(usize, Attached)>,
    /// Not dropped before every frame has ended. `mem::forget` would be a leak for the sanitizer.
    forgotten: Vec<(usize, Attached)>,
    model: Model,
}

struct Unwinding;

impl Machine<'_> {
    fn check(&self) {
        let done = &self.program[..self.next];
        assert_eq!(COUNT.get(), self.model.count(), "after {done:?}");
    }

    fn new_value(&mut self) -> u32 {
        self.value += 1;
        self.value
    }

    /// Runs until the frame that this is called in is left.
    fn run(&mut self) {
        while let Some(&op) = self.program.get(self.next) {
            self.next += 1;
            match op {
                Set => {
                    let value = self.new_value();
                    drop(COUNT.set(value));
                    if let Some(layer) = self.model.layers.last_mut() {
                        layer.count = value;
                    }
                }
                Attach => {
                    let value = self.new_value();
                    let guard = Context::new().with_value(&COUNT, value).attach();
                    let number = value as usize;
                    self.guards.push((number, guard));
                    self.model.push(Some(number), value);
                }
                DropFirst if !self.guards.is_empty() => self.end(0, drop),
                DropLast if !self.guards.is_empty() => self.end(self.guards.len() - 1, drop),
                ForgetLast => self.forgotten.extend(self.guards.pop()),
                DetachMiddle if !self.guards.is_empty() => self.detach(self.guards.len() / 2),
                Scope | Run | Poll => self.enter(op),
                Leave if self.depth > 0 => return,
                Unwind if self.depth > 0 => resume_unwind(Box::new(Unwinding)),
                _ => {}
            }
            self.check();
        }
    }

    fn end(&mut self, index: usize, end: fn(Attached)) {
        let (number, guard) = self.guards.remove(index);
        end(guard);
        self.model.detach(number);
    }

    fn detach(&mut self, index: usize) {
        let (number, guard) = self.guards.remove(index);
        let context = guard.detach();
        assert_eq!(context.get(&COUNT).copied(), self.model.detach(number));
    }

    fn enter(&mut self, frame: Op) {
        self.depth += 1;
        let value = self.new_value();
        self.model.push(None, value);
        let mut context = Context::new().with_value(&COUNT, value);
        let mut polled = None;
        let left = catch_unwind(AssertUnwindSafe(|| match frame {
            Scope => COUNT.sync_scope(value, || self.inside()),
            Run => context.run(|| self.inside()),
            _ => {
                let work = poll_fn(|_| {
                    self.inside();
                    Poll::Ready(())
                });
                polled = Some(poll_once(pin!(work.in_context(context))));
            }
        }));
        if let Err(payload) = left {
            assert!(
                payload.is::<Unwinding>(),
                "after {:?}",
                &self.program[..self.next]
            );
        }
        self.model.leave();
        self.depth -= 1;
    }

    fn inside(&mut self) {
        self.check();
        self.run();
    }
}

fn run(program: &[Op]) {
    let mut machine = Machine {
        program,
        next: 0,
        depth: 0,
        value: 0,
        guards: Vec::new(),
        forgotten: Vec::new(),
        model: Model::default(),
    };
    // A frame around it ends what was forgotten.
    machine.enter(Run);
    assert!(!COUNT.is_set(), "after {program:?}");
    // The guards that are left do nothing, or hand back what ended.
    while !machine.guards.is_empty() {
        machine.detach(0);
        assert!(!COUNT.is_set(), "after {program:?}");
    }
    machine.forgotten.clear();
    assert!(!COUNT.is_set(), "after {program:?}");
}

#[test]
fn every_program_of_five_steps_does_what_the_rule_says() {
    for number in 0..ALL.len().pow(5) {
        let digits = (0..5).map(|place| number / ALL.len().pow(place) % ALL.len());
        run(&digits.map(|digit| ALL[digit]).collect::<Vec<_>>());
    }
}

#[test]
fn long_programs_do_what_the_rule_says() {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let length = 6 + random(40);
        let program: Vec<_> = (0..length).map(|_| ALL[random(ALL.len())]).collect();
        run(&program);
    }
}

#[test]
fn guards_in_the_root_may_be_dropped_in_every_order() {
    for order in 0..24 {
        let mut guards: Vec<_> = (1..5)
            .map(|value| (value, Context::new().with_value(&COUNT, value).attach()))
            .collect();
        let mut rest = order;
        while !guards.is_empty() {
            let index = rest % guards.len();
            rest /= guards.len();
            let (value, guard) = guards.remove(index);
            assert_eq!(guard.detach().get(&COUNT), Some(&value));
            let expected = guards.last().map_or(0, |(value, _)| *value);
            assert_eq!(COUNT.get(), expected);
        }
        assert!(!COUNT.is_set());
    }
}
