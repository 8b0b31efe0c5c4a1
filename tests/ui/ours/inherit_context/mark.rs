use context_vars::inherit_context;

fn job() -> fn() {
    || ()
}

#[inherit_context]
fn on_something_else() {
    #[inherit_context]
    {
        std::thread::spawn(|| ());
    }
    #[inherit_context]
    println!();
    #[inherit_context]
    let _job = std::thread::spawn(|| ());
    std::thread::spawn(
        #[detach_context]
        job(),
    );
}

#[inherit_context]
fn malformed() {
    std::thread::spawn(
        #[cfg_attr(debug_assertions, detach_context)]
        || (),
    );
    std::thread::spawn(
        #[detach_context(now)]
        || (),
    );
    std::thread::spawn(
        #[with_context(user = 5)]
        || (),
    );
}

#[inherit_context]
fn two_on_one() {
    std::thread::spawn(
        #[detach_context]
        #[detach_context]
        || (),
    );
    std::thread::spawn(
        #[inherit_context]
        #[detach_context]
        || (),
    );
}

fn main() {}
