//! 100,000 items of a rayon iterator that read a variable: a fresh copy of the context for each
//! item, against one for each split, against reading nothing.

use std::hint::black_box;

use context_vars::{Context, context_var, inherit_fn};
use criterion::{Criterion, Throughput};
use rayon::prelude::*;

context_var! {
    static FACTOR: u64 = 1;
}

const ITEMS: u64 = 100_000;

fn par_iter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("par_iter");
    group.throughput(Throughput::Elements(ITEMS));
    let items = || (0..ITEMS).into_par_iter();
    group.bench_function("no context", |bencher| {
        bencher.iter(|| items().map(|item| black_box(item) * 10).sum::<u64>());
    });
    group.bench_function("one copy a split", |bencher| {
        let context = FACTOR.sync_scope(10, Context::current);
        let scale = |context: &mut Context, item| context.run(|| black_box(item) * FACTOR.get());
        bencher.iter(|| items().map_init(|| context.clone(), scale).sum::<u64>());
    });
    group.bench_function("one copy an item", |bencher| {
        let scale = || inherit_fn(|item: u64| black_box(item) * FACTOR.get());
        let scale = FACTOR.sync_scope(10, scale);
        bencher.iter(|| items().map(&scale).sum::<u64>());
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    par_iter(&mut criterion);
    criterion.final_summary();
}
