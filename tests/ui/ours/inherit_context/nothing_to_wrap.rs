use context_vars::inherit_context;

#[inherit_context]
fn no_spawn_call() {
    println!("nobody spawns");
}

#[inherit_context]
fn in_nested_function_alone() {
    fn inner() {
        std::thread::spawn(|| ());
    }
    inner();
}

#[inherit_context]
fn spawn_without_arguments() {
    std::process::Command::new("true").spawn().unwrap();
}

fn main() {}
