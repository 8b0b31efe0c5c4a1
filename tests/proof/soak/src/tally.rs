//! The counts.

use std::panic::{Location, PanicHookInfo};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::handlers::Kind;

/// Thrown on purpose; everything else that panics is a failure.
pub const ON_PURPOSE: &str = "on purpose";

static UNEXPECTED: AtomicU64 = AtomicU64::new(0);

pub fn unexpected_panics() -> u64 {
    UNEXPECTED.load(Relaxed)
}

/// The panic hook, which prints panics that are not planned.
pub fn count_unexpected_panics(info: &PanicHookInfo<'_>) {
    let text = info.payload_as_str().unwrap_or_default();
    // Tokio's timers panic when they are polled while their runtime goes.
    if text != ON_PURPOSE && !text.contains("being shutdown") {
        UNEXPECTED.fetch_add(1, Relaxed);
        eprintln!("soak: {info}");
    }
}

#[derive(Default)]
pub struct Tally {
    sent: AtomicU64,
    answered: [AtomicU64; Kind::ALL.len()],
    cut_short: AtomicU64,
    readings: AtomicU64,
    wrong: AtomicU64,
    looks: AtomicU64,
    foreign: AtomicU64,
    values: Values,
}

#[derive(Clone, Default)]
struct Values {
    made: Arc<AtomicU64>,
    alive: Arc<AtomicU64>,
}

/// A value of a request: counted, and not small.
pub struct Tracked {
    pub request: u64,
    values: Values,
    _content: Mutex<Vec<u8>>,
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.values.alive.fetch_sub(1, Relaxed);
    }
}

macro_rules! counts {
    ($($name:ident)*) => {$(
        pub fn $name(&self) -> u64 {
            self.$name.load(Relaxed)
        }
    )*};
}

impl Tally {
    counts! { sent cut_short readings wrong looks foreign }

    pub fn made(&self) -> u64 {
        self.values.made.load(Relaxed)
    }

    pub fn alive(&self) -> u64 {
        self.values.alive.load(Relaxed)
    }

    pub fn answered(&self, kind: Kind) -> u64 {
        self.answered[kind as usize].load(Relaxed)
    }

    pub fn track(&self, request: u64) -> Tracked {
        self.values.made.fetch_add(1, Relaxed);
        self.values.alive.fetch_add(1, Relaxed);
        Tracked {
            request,
            values: self.values.clone(),
            _content: Mutex::new(vec![0; 1024]),
        }
    }

    pub fn send(&self) {
        self.sent.fetch_add(1, Relaxed);
    }

    /// A request came to the end that its kind has.
    pub fn answer(&self, kind: Kind) {
        self.answered[kind as usize].fetch_add(1, Relaxed);
    }

    /// A request came to no end, because the server was gone.
    pub fn cut(&self) {
        self.cut_short.fetch_add(1, Relaxed);
    }

    #[track_caller]
    pub fn reading(&self, right: bool) {
        self.readings.fetch_add(1, Relaxed);
        if !right {
            self.wrong.fetch_add(1, Relaxed);
            eprintln!("soak: wrong at {}", Location::caller());
        }
    }

    /// A look at a thread on which no task is being polled.
    pub fn look(&self, empty: bool) {
        self.looks.fetch_add(1, Relaxed);
        self.foreign.fetch_add(u64::from(!empty), Relaxed);
    }

    /// Everything of a round is over: whatever it made must be gone.
    pub fn round_ended(&self) {
        let alive = self.alive();
        if alive > 0 {
            eprintln!("soak: {alive} values outlive their round");
        }
    }
}
