use std::thread;

use context_vars::inherit_context;

fn spawn(job: Box<dyn FnOnce() + Send>) {
    thread::spawn(job);
}

#[inherit_context]
fn fan_out(job: Box<dyn FnOnce() + Send>) {
    spawn(job.into());
}

#[inherit_context]
fn fan_out_by_path(job: Box<dyn FnOnce() + Send>) {
    spawn(From::from(job));
    thread::spawn(|| ());
}

fn main() {}
