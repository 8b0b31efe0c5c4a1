use context_vars::context_var;

fn main() {
    match 1 {
        _ => {
            context_var! {
                static USER: String;
            }
        }
    }
}
