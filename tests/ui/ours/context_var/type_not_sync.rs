use context_vars::context_var;

use std::cell::RefCell;

context_var! {
    static USER: RefCell<String> = RefCell::new(String::new());
}

fn main() {}
