#[cfg(unix)]
static A: ::context_vars::ContextVar<u8> = ::context_vars::__private::variable(
    ::context_vars::__private::declared!(
        "A", "a", u8, false, false, 1u32, __context_var_A_1
    ),
    ::core::option::Option::None,
);
#[cfg(unix)]
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_A_1: (u32, u32, u32) = (::core::line!(), ::core::column!(), 1u32);
#[cfg(windows)]
static A: ::context_vars::ContextVar<u16> = ::context_vars::__private::variable(
    ::context_vars::__private::declared!(
        "A", "a", u16, false, false, 1u32, __context_var_A_1
    ),
    ::core::option::Option::None,
);
#[cfg(windows)]
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_A_1: (u32, u32, u32) = (::core::line!(), ::core::column!(), 1u32);
