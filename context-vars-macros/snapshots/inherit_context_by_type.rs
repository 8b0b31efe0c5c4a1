#[inherit_context]
fn handle(job: impl FnOnce()) {
    let local = || work();
    spawn(job);
    spawn(local);
    spawn(self.job);
    spawn_on(make_future(), &handle);
    spawn(future.instrument(span));
    spawn_broadcast(path::to::work);
    spawn({ work });
    Command::new("true").spawn();
}
