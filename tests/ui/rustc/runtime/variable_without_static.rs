fn main() {
    let _mine = context_vars::ContextVar::<u64>::new();
}
