use context_vars::inherit_context;

trait Server {
    #[inherit_context]
    fn handle(&self);
}

fn main() {}
