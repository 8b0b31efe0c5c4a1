use context_vars::context_var;

fn main() {
    const {
        context_var! {
            static USER: String;
        }
    }
}
