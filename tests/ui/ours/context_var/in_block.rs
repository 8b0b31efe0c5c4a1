use context_vars::context_var;

fn main() {
    {
        context_var! {
            static USER: String;
        }
    }
}
