context_var! {
    static REQUEST_ID: u64;
}
