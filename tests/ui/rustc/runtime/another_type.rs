use context_vars::{ContextVar, context_var};

context_var! {
    static USER: String;
    static ID: u64;
}

fn main() {
    let token = USER.set(String::new());
    ID.reset(token).unwrap();
    USER.set(5);
    let _without_static = ContextVar::<u64>::new();
}
