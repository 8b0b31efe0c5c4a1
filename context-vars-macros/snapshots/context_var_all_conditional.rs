context_var! {
    #[cfg(unix)]
    static A: u8;
    #[cfg(windows)]
    static A: u16;
}
