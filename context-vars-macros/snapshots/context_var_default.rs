context_var! {
    /// On whose behalf the current request runs.
    pub static USER: String = "anonymous".to_owned();
}
