use context_vars::inherit_context;

#[inherit_context]
fn handle(name: String) {
    std::thread::spawn(|| println!("{name}"));
}

fn main() {}
