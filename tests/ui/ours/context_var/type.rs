use context_vars::context_var;

context_var! {
    static NO_COLON String = String::new();
    static MISSING = "anonymous";
    static MISSING_AFTER_COLON: = "anonymous";
    static INFERRED: _ = "anonymous";
    static GENERIC<T>: Option<T> = None;
    static WHERE_BEFORE_TYPE where u64: Copy;
    static WHERE: u64 where u64: Copy = 5;
    static<u64> IN_ANGLE_BRACKETS = 5;
    static A_VALUE: "anonymous";
    static FIRST, SECOND: u64;
    static MALFORMED: Vec<u8, = Vec::new();
}

fn main() {}
