//! All of it at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::task::{block_in_place, yield_now};

use super::{COUNT, two_workers};
use crate::support::{Alive, TRACKED, USER, as_alice, woken_elsewhere};

/// Numbers that look random, by splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)) % end
    }
}

/// The state that the tasks of the storm share.
#[derive(Default)]
struct Storm {
    wrong: AtomicUsize,
    alive: Alive,
}

/// Reads, sets and is cut off at random; `count` is what `COUNT` must be, also in the end.
struct Witness(Arc<Storm>, u32);

impl Witness {
    fn check(&self) {
        if (USER.get(), COUNT.get()) != ("alice", self.1) {
            self.0.wrong.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn set(&mut self, count: u32) {
        self.1 = count;
        COUNT.set(count);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.check();
    }
}

fn in_the_storm(storm: Arc<Storm>, seed: u64, depth: u32) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut random = Random(seed);
        let mut witness = Witness(storm.clone(), COUNT.get());
        let spawn = |seed| tokio::spawn(in_the_storm(storm.clone(), seed, depth + 1));
        for _ in 0..random.below(12) {
            witness.check();
            match random.below(10) {
                0..=1 => witness.set(random.below(1 << 20) as u32),
                2 => drop(TRACKED.set(storm.alive.track())),
                3 => yield_now().await,
                4..=5 => woken_elsewhere().await,
                6 if depth < 3 => drop(spawn(random.below(1 << 40)).await),
                7 if depth < 3 => {
                    let child = spawn(random.below(1 << 40));
                    woken_elsewhere().await;
                    child.abort();
                }
                8 if random.below(8) == 0 => block_in_place(|| witness.check()),
                9 if depth > 0 && random.below(8) == 0 => {
                    std::panic::resume_unwind(Box::new("on purpose"));
                }
                _ => {}
            }
        }
        if random.below(8) == 0 {
            std::future::pending::<()>().await;
        }
    })
}

#[test]
fn nothing_is_wrong_or_left_in_a_storm_that_a_shutdown_ends() {
    for seed in 0..10 {
        let storm = Arc::<Storm>::default();
        let runtime = two_workers();
        let spawn = |n: u64| {
            let work = in_the_storm(storm.clone(), seed << 32 | n, 0);
            as_alice(|| COUNT.sync_scope(n as u32, || runtime.spawn(work)))
        };
        let mut tasks: Vec<_> = (0..500).map(spawn).collect();
        // Most are through; the others go with the runtime.
        runtime.block_on(async {
            for task in tasks.drain(..400) {
                let _ = tokio::time::timeout(Duration::from_millis(1), task).await;
            }
        });
        assert_eq!(storm.wrong.load(Ordering::Relaxed), 0);
        drop(runtime);
        assert_eq!(storm.alive.count(), 0);
    }
}
