#[with_context(user = a)]
fn handle((a, _): (String, u8), _: u8, #[allow(unused)] b: u8, #[cfg(unix)] c: u8, &d: &u8) {
    #![allow(clippy::all)]
    use_all(c, d);
}
