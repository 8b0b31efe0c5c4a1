context_var! {
    crate = my::context_vars;
    #[redact]
    pub(crate) static PASSWORD: &str = {
        let text = "";
        text
    };
    #[no_inherit]
    #[cfg(unix)]
    static CONNECTION: (u8, fn(u8) -> u8);
}
