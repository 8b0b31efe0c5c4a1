use context_vars::context_var;

use std::rc::Rc;

context_var! {
    static USER: Rc<String>;
}

fn main() {}
