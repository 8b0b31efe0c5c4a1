//! A variable that the program and its plug-in both use.

context_vars::context_var! {
    /// On whose behalf something runs.
    pub static USER: &str = "anonymous";
}
