use context_vars::context_var;

#[test]
fn reads() {
    context_var! {
        static USER: String;
    }
}

// What `#[test]` leaves of the function in a program that is not the test harness.
fn main() {
    context_var! {
        static USER: String;
    }
}
