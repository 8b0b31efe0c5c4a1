use context_vars::{context_var, with_context};

context_var! {
    static USER: String;
}

#[with_context(user = String::new())]
fn request() -> Result<impl Future<Output = u64>, String> {
    Ok(async { 5 })
}

fn main() {}
