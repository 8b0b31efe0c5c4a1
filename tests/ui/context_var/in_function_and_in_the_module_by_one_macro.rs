use context_vars::context_var;

macro_rules! declare {
    ($name:ident) => {
        context_var! {
            static $name: u32 = 0;
        }
        fn hidden() -> u32 {
            context_var! {
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
