use context_vars::context_var;

fn main() {
    let _future = async {
        context_var! {
            static USER: String;
        }
    };
}
