use context_vars::context_var;

fn main() {
    let user = context_var!(static USER: String;);
}
