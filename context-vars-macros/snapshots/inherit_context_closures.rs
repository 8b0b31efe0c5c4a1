#[inherit_context]
fn handle(jobs: Vec<Job>) {
    for job in jobs {
        std::thread::spawn(move || job.run());
    }
    scope.spawn(|_| work());
    pool.spawn(move |(a, _), mut b: u8| -> u8 { b + a });
}
