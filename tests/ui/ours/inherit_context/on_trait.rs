use context_vars::inherit_context;

#[inherit_context]
trait Server {
    fn handle(&self);
}

fn main() {}
