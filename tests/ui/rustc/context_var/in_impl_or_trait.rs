use context_vars::context_var;

struct Server;

impl Server {
    context_var! {
        static USER: String;
    }
}

impl Server {
    context_var! {
        crate = context_vars;
        static WITH_A_PATH_OF_THE_CRATE: String;
    }
}

trait Handle {
    context_var! {
        static USER: String;
    }
}

impl Handle for Server {
    context_var! {
        static IN_IMPL_OF_TRAIT: String;
    }
}

fn main() {}
