use context_vars::context_var;

fn main() {
    let handle = || {
        context_var! {
            static USER: String;
        }
    };
    handle();
}
