use context_vars::context_var;

context_var! {
    static ARROW: u64 => 5;
    static TWO_EQUALS: u64 == 5;
    static NO_EQUALS: String String::new();
    static STATEMENT: u64 = let x = 5;
    static MALFORMED: u64 = 5 +;
    static MISSING: String = ;
    static TWO: u64 = 5 = 6;
    static ENDS_IN_COMMA: u64 = 5,
    static ID: u64;
}

fn main() {}
