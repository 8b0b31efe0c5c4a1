use context_vars::context_var;

context_var! {
    #[cfg_attr(not(debug_assertions), redact)]
    static IN_CFG_ATTR: String;
    #[redacted]
    static MISSPELLED: String;
    #[noinherit]
    static WITHOUT_UNDERSCORE: u64;
    #[redect]
    static A_LETTER_WRONG: u64;
    #[redact]
    #[redact]
    static TWICE: String;
    #[redact(always)]
    static WITH_ARGUMENTS: String;
    #[no_inherit = true]
    static WITH_A_VALUE: u64;
    #[no_inherit(false)]
    static SWITCHED_OFF: u64;
}

context_var! {
    #![redact]
    static INNER: String;
}

fn main() {}
