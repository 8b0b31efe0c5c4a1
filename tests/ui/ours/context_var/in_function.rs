use context_vars::context_var;

context_var! {
    static BESIDE_ONE_OF_THE_MODULE: String;
}

fn handle() {
    context_var! {
        static USER: String;
    }
    context_var! {
        static BESIDE_ONE_OF_THE_MODULE: u64;
    }
}

fn generic<T>(_: T) {
    context_var!(static IN_GENERIC_FUNCTION: String;);
}

struct Server;

impl Server {
    fn handle(&self) {
        context_var!(static IN_METHOD: String;);
    }
}

// Not compiled here: this program is not a test harness.
#[test]
fn reads() {
    context_var!(static IN_TEST: String;);
}

fn main() {
    context_var!(static IN_MAIN: String;);
    {
        context_var!(static IN_BLOCK: String;);
    }
    for _ in 0..3 {
        context_var!(static IN_LOOP: String;);
    }
    match 1 {
        _ => {
            context_var!(static IN_MATCH_ARM: String;);
        }
    }
    const {
        context_var!(static IN_CONST_BLOCK: String;);
    }
    let _future = async {
        context_var!(static IN_ASYNC_BLOCK: String;);
    };
    let handle = || {
        context_var!(static IN_CLOSURE: String;);
    };
    handle();
}
