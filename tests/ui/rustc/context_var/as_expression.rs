use context_vars::context_var;

fn main() {
    let user = context_var!(static USER: String;);
    match 1 {
        _ => context_var!(static MATCH_ARM: String;),
    }
}
