use context_vars::context_var;

context_var! {
    static USER: String;
    static ID: u64;
}

fn main() {
    let token = USER.set(String::new());
    ID.reset(token).unwrap();
}
