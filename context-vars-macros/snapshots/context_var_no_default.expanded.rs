static REQUEST_ID: ::context_vars::ContextVar<u64> = ::context_vars::__private::variable(
    ::context_vars::__private::declared!(
        "REQUEST_ID", "request_id", u64, false, false, 1u32, __context_var_REQUEST_ID_1
    ),
    ::core::option::Option::None,
);
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_REQUEST_ID_1: (u32, u32, u32) = (
    ::core::line!(),
    ::core::column!(),
    1u32,
);
