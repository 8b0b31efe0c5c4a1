use context_vars::context_var;

context_var! {
    const CONST: u64 = 5;
    let LET: u64 = 5;
    NO_STATIC: u64 = 5;
    pub NO_STATIC_AFTER_PUB: u64 = 5;
    static mut MUT: u64 = 5;
    static ref REF: u64 = 5;
    static pub PUB_IN_WRONG_PLACE: u64 = 5;
    pub(everywhere) static PUB_MALFORMED: u64 = 5;
}

fn main() {}
