/// On whose behalf the current request runs.
pub static USER: ::context_vars::ContextVar<String> = ::context_vars::__private::variable(
    ::context_vars::__private::declared!(
        "USER", "user", String, false, false, 1u32, __context_var_USER_1
    ),
    ::core::option::Option::Some(|| "anonymous".to_owned()),
);
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_USER_1: (u32, u32, u32) = (::core::line!(), ::core::column!(), 1u32);
