use context_vars::inherit_context;

fn spawn(_: impl FnOnce()) {}

mod of_pointers {
    pub fn spawn(job: fn()) {
        job();
    }
}

fn work() {}

#[inherit_context]
fn not_a_function(name: u64) {
    spawn(name);
}

#[inherit_context]
fn closure_with_too_many_parameters() {
    std::thread::spawn(|name| ());
}

#[inherit_context]
fn parameter_of_type_fn() {
    of_pointers::spawn(work);
    of_pointers::spawn(|| work());
}

fn main() {}
