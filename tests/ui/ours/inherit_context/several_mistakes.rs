use context_vars::inherit_context;

#[inherit_context(user = 5)]
const fn handle() {
    #[detach_context]
    5;
}

fn main() {}
