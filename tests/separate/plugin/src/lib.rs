//! A dynamic library with its own copy of everything it links.

/// Whether the library sees a user whom somebody has set.
#[unsafe(no_mangle)]
pub extern "C" fn plugin_sees_a_user() -> bool {
    separate_vars::USER.is_set()
}
