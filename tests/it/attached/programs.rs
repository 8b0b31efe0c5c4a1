//! All short programs, and many long ones, beside a model of R22: in frames, in the root of a thread,
//! and in destructors of the thread's other thread-locals, before and after that of the crate.

use std::cell::RefCell;
use std::future::poll_fn;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use context_vars::{Attached, Context, context_var, prelude::*};

use super::forget;
use super::model::Model;
use crate::support::{Alive, OnDrop, Tracked, poll_once, soon};

context_var! {
    static NUMBER: Number;
}

struct Number(
    u32,
    #[allow(dead_code, reason = "its drop is counted")] Tracked,
);

/// Declares `Op`, and `ALL` with each of them.
macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident),+ $(,)?) => {
        #[derive(Clone, Copy, Debug)]
        enum Op {
            $($(#[$doc])* $op),+
        }

        const ALL: &[Op] = &[$(Op::$op),+];
    };
}

ops! {
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
    /// Panics through the frame, which the guards outlive.
    Unwind,
    /// Panics in a function that has the last guard.
    UnwindWithLast,
}

use Op::*;

struct Machine {
    program: Vec<Op>,
    next: usize,
    /// The end of the part of the program that runs before its thread ends.
    end: usize,
    guards: Vec<(usize, Attached)>,
    model: Model,
    last_number: u32,
    alive: Alive,
}

struct Unwinding;

impl Machine {
    fn new(program: &[Op], end: usize) -> Self {
        Self {
            program: program.to_vec(),
            next: 0,
            end,
            guards: Vec::new(),
            model: Model::new(),
            last_number: 0,
            alive: Alive::default(),
        }
    }

    fn check(&self) {
        let (program, next, end) = (&self.program, self.next, self.end);
        let read = NUMBER.try_with(|number| number.0).unwrap_or(0);
        let found = (read, self.alive.count());
        let expected = (self.model.current(), self.model.values());
        assert_eq!(
            found, expected,
            "after {next} of {program:?}, {end} in the root"
        );
    }

    fn new_number(&mut self) -> Number {
        self.last_number += 1;
        Number(self.last_number, self.alive.track())
    }

    /// Runs until the frame that this is called in is left.
    fn run(&mut self) {
        while self.next < self.end {
            let op = self.program[self.next];
            self.next += 1;
            match op {
                Set => self.set(),
                Attach => self.attach(),
                DropFirst => self.end_guard(0, drop),
                DropLast => self.end_guard(self.guards.len().wrapping_sub(1), drop),
                // Nothing would end a forgotten one after the thread has, so its values would be lost.
                ForgetLast if self.model.thread_has_ended => {}
                ForgetLast => drop(self.guards.pop().map(|(_, guard)| forget(guard))),
                DetachMiddle => self.detach(self.guards.len() / 2),
                Scope | Run | Poll => self.enter(op),
                Leave if self.model.is_in_frame() => return,
                Unwind if self.model.is_in_frame() => resume_unwind(Box::new(Unwinding)),
                UnwindWithLast if self.model.is_in_frame() => self.unwind_with_last(),
                UnwindWithLast => self.caught(Self::unwind_with_last),
                Leave | Unwind => {}
            }
            self.check();
        }
    }

    fn set(&mut self) {
        let number = self.new_number();
        self.model.set(number.0);
        NUMBER.set(number);
    }

    fn attach(&mut self) {
        let number = self.new_number();
        let guard = number.0 as usize;
        self.model.attach(guard, number.0);
        let context = Context::new().with_value(&NUMBER, number);
        self.guards.push((guard, context.attach()));
    }

    fn end_guard(&mut self, index: usize, end: fn(Attached)) {
        if index < self.guards.len() {
            let (number, guard) = self.guards.remove(index);
            end(guard);
            self.model.detach(number);
        }
    }

    fn detach(&mut self, index: usize) {
        if index < self.guards.len() {
            let (number, guard) = self.guards.remove(index);
            let context = guard.detach();
            let handed_back = context.get(&NUMBER).map(|number| number.0);
            assert_eq!(handed_back, self.model.detach(number), "by {number}");
        }
    }

    fn unwind_with_last(&mut self) {
        let guard = self.guards.pop();
        if let Some((number, _)) = guard {
            self.model.detach(number);
        }
        resume_unwind(Box::new(Unwinding));
    }

    fn caught(&mut self, f: impl FnOnce(&mut Self)) {
        match catch_unwind(AssertUnwindSafe(|| f(self))) {
            Err(payload) if !payload.is::<Unwinding>() => resume_unwind(payload),
            _ => {}
        }
    }

    fn enter(&mut self, frame: Op) {
        let number = self.new_number();
        self.model.enter(number.0);
        self.caught(|this| match frame {
            Scope => NUMBER.sync_scope(number, || this.inside()),
            Run => Context::new()
                .with_value(&NUMBER, number)
                .run(|| this.inside()),
            _ => {
                let work = poll_fn(|_| {
                    this.inside();
                    Poll::Ready(())
                });
                let context = Context::new().with_value(&NUMBER, number);
                assert!(poll_once(pin!(work.in_context(context))).is_ready());
            }
        });
        self.model.leave();
    }

    fn inside(&mut self) {
        self.check();
        self.run();
    }

    /// The guards that are left do nothing but hand back what ended.
    fn detach_all(&mut self) {
        while !self.guards.is_empty() {
            self.detach(0);
            self.check();
        }
    }
}

fn run_in_frame(program: &[Op]) {
    let mut machine = Machine::new(program, program.len());
    // A frame around it ends what was forgotten.
    machine.enter(Run);
    machine.check();
    machine.detach_all();
    assert_eq!(machine.model.current(), 0, "after {program:?}");
}

type Rest = OnDrop<Box<dyn FnMut()>>;

thread_local! {
    static AT_END: RefCell<Option<Rest>> = const { RefCell::new(None) };
}

/// Registers the destructor of `AT_END`, which has the guards of a thread, and ours: the one that is
/// registered last runs first.
fn register(before_ours: bool) {
    let ours = || drop(Context::new().attach());
    if before_ours {
        ours();
    }
    AT_END.with_borrow_mut(|_| ());
    ours();
}

/// Runs the steps before `end` in the root of a thread, and the others in a destructor when the thread
/// ends.
fn run_in_thread(program: &[Op], end: usize, before_ours: bool) {
    let (report, reports) = mpsc::channel();
    let thread = || {
        let mut machine = Machine::new(program, end);
        let alive = machine.alive.clone();
        register(before_ours);
        machine.run();
        at_end(move || {
            let rest = || rest_at_end(machine, before_ours);
            let left = catch_unwind(AssertUnwindSafe(rest));
            report.send(left).expect("the test waits");
        });
        alive
    };
    let alive = thread::scope(|threads| threads.spawn(thread).join().unwrap());
    let left = soon(&reports).unwrap();
    assert_eq!(
        alive.count(),
        left,
        "{program:?}, {end} in the root, before ours: {before_ours}"
    );
}

/// Calls `f` in the destructor of a thread-local.
fn at_end(f: impl FnOnce() + 'static) {
    let mut f = Some(f);
    let call = move || f.take().expect("it is dropped once")();
    AT_END.with_borrow_mut(|at_end| *at_end = Some(OnDrop(Box::new(call))));
}

/// Does what is left of the program. Returns how many values are alive after the thread.
fn rest_at_end(mut machine: Machine, before_ours: bool) -> usize {
    if !before_ours {
        machine.model.end_thread();
    }
    machine.end = machine.program.len();
    machine.check();
    machine.run();
    machine.detach_all();
    machine.model.end_thread();
    machine.model.values()
}

fn run_in_threads(program: &[Op]) {
    for end in 0..=program.len() {
        for before_ours in [true, false] {
            run_in_thread(program, end, before_ours);
        }
    }
}

/// The steps that do anything at the start of a program, where there is neither a guard nor a frame to leave.
///
/// After any other first step, the rest is a shorter program. That is run as well, with `Leave` as its last step.
const FIRST: &[Op] = &[Set, Attach, Scope, Run, Poll];

/// Runs every program of so many steps.
fn each_of(len: u32, run: fn(&[Op])) {
    for first in FIRST {
        for number in 0..ALL.len().pow(len - 1) {
            let digits = (0..len - 1).map(|place| number / ALL.len().pow(place) % ALL.len());
            let others = digits.map(|digit| ALL[digit]);
            run(&iter::once(*first).chain(others).collect::<Vec<_>>());
        }
    }
}

/// Runs so many programs of up to 45 steps.
fn many_of(count: usize, run: fn(&[Op])) {
    let mut state = 1_u64;
    let mut random = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % below
    };
    for _ in 0..count {
        let len = 6 + random(40);
        let program: Vec<_> = (0..len).map(|_| ALL[random(ALL.len())]).collect();
        run(&program);
    }
}

#[test]
fn every_program_of_five_steps_does_what_the_rule_says() {
    each_of(5, run_in_frame);
}

#[test]
fn long_programs_do_what_the_rule_says() {
    many_of(20_000, run_in_frame);
}

#[test]
fn every_program_of_three_steps_in_a_root_and_while_its_thread_ends_does_what_the_rule_says() {
    each_of(3, run_in_threads);
}

#[test]
fn long_programs_in_a_root_and_while_its_thread_ends_do_what_the_rule_says() {
    many_of(100, run_in_threads);
}

#[test]
fn guards_in_the_root_may_be_dropped_in_every_order() {
    for order in 0..24 {
        let mut machine = Machine::new(&[], 0);
        (0..4).for_each(|_| machine.attach());
        let mut rest = order;
        for left in (1..=4).rev() {
            machine.detach(rest % left);
            machine.check();
            rest /= left;
        }
    }
}
