use context_vars::context_var;

context_var! {
    static USER: String;
}

fn main() {
    let _name = USER.with(|name| name);
}
