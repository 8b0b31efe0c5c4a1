//! Two versions of the crate, and a dynamic library: each has contexts of its own.

use std::ffi::{CStr, CString, c_char, c_int, c_void};

use separate_vars::USER;

mod of_the_second {
    second::context_var! {
        crate = second;
        /// A variable of the other version.
        pub static USER: &str = "anonymous";
    }
}

unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

const RTLD_NOW: c_int = 2;

fn plugin_sees_a_user(file: &str) -> bool {
    const NAME: &CStr = c"plugin_sees_a_user";
    let file = CString::new(file).unwrap();
    // SAFETY: Both strings end with a zero, and the library has nothing that runs when it is
    // loaded. It is never unloaded.
    let function = unsafe {
        let library = dlopen(file.as_ptr(), RTLD_NOW);
        assert!(!library.is_null());
        dlsym(library, NAME.as_ptr())
    };
    assert!(!function.is_null());
    // SAFETY: The function of this name has this type.
    let function: extern "C" fn() -> bool = unsafe { std::mem::transmute(function) };
    function()
}

fn main() {
    let plugin = std::env::args().nth(1).unwrap();
    let there = &of_the_second::USER;
    USER.sync_scope("alice", || {
        // One version does not carry, list or replace what the other has.
        there.sync_scope("bob", || {
            assert_eq!(context_vars::Context::current().len(), 1);
            assert_eq!(second::Context::current().len(), 1);
            let by_one = context_vars::inherit(|| (USER.get(), there.get()));
            let by_the_other = second::inherit(|| (USER.get(), there.get()));
            std::thread::scope(|scope| {
                let by_one = scope.spawn(move || by_one()).join().unwrap();
                assert_eq!(by_one, ("alice", "anonymous"));
                let by_the_other = scope.spawn(move || by_the_other()).join().unwrap();
                assert_eq!(by_the_other, ("anonymous", "bob"));
            });
        });
        assert!(USER.is_set());
        assert!(
            !plugin_sees_a_user(&plugin),
            "the library has a copy of its own"
        );
    });
    println!("each has its own");
}
