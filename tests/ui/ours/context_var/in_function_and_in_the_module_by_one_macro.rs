use context_vars::context_var as variable;

macro_rules! declare {
    ($name:ident) => {
        variable! {
            static $name: u32 = 0;
        }
        fn hidden() -> u32 {
            variable! {
                static $name: u32 = 5;
            }
            $name.get()
        }
    };
}

declare!(DEPTH);

fn main() {
    hidden();
}
