use context_vars::context_var;

use std::cell::RefCell;
use std::rc::Rc;

context_var! {
    static NOT_SEND: Rc<String>;
    static NOT_SYNC: RefCell<String> = RefCell::new(String::new());
}

fn main() {}
