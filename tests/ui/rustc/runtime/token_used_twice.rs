use context_vars::context_var;

context_var! {
    static USER: String;
}

fn main() {
    let token = USER.set(String::new());
    token.reset().unwrap();
    token.reset().unwrap();
}
