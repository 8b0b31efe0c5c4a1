use context_vars::inherit_context;

#[inherit_context(crat = context_vars)]
fn crate_misspelled() {
    std::thread::spawn(|| ());
}

#[inherit_context(move)]
fn a_word() {
    std::thread::spawn(|| ());
}

#[inherit_context(user = 5)]
fn a_variable() {
    std::thread::spawn(|| ());
}

#[inherit_context]
#[inherit_context]
fn twice() {
    std::thread::spawn(|| ());
}

fn main() {}
