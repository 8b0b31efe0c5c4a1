pub(crate) static PASSWORD: my::context_vars::ContextVar<&str> = my::context_vars::__private::variable(
    my::context_vars::__private::declared!(
        "PASSWORD", "password", & str, false, true, 1u32, __context_var_PASSWORD_1
    ),
    ::core::option::Option::Some(|| {
        let text = "";
        text
    }),
);
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_PASSWORD_1: (u32, u32, u32) = (
    ::core::line!(),
    ::core::column!(),
    1u32,
);
#[cfg(unix)]
static CONNECTION: my::context_vars::ContextVar<(u8, fn(u8) -> u8)> = my::context_vars::__private::variable(
    my::context_vars::__private::declared!(
        "CONNECTION", "connection", (u8, fn (u8) -> u8), true, false
    ),
    ::core::option::Option::None,
);
