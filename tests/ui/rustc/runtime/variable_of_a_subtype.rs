use context_vars::{ContextVar, Token, context_var};

context_var! {
    static FUNCTION: fn(&str);
}

fn main() {
    // Through it one could set what is good for `'static` only.
    let _narrow: &'static ContextVar<fn(&'static str)> = &FUNCTION;
    let _token: Token<fn(&'static str)> = FUNCTION.set(|_| ());
}
