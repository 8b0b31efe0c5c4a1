context_vars::context_var! {
    /// Declared in a file that another one includes.
    pub static FROM_FILE: u8 = 9;
}
