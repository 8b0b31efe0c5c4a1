use context_vars::context_var;

fn main() {
    for _ in 0..3 {
        context_var! {
            static USER: String;
        }
    }
}
