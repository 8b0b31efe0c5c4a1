static REQUEST_ID: ::context_vars::ContextVar<u64> = {
    {
        #[allow(dead_code, non_upper_case_globals)]
        const __context_var_REQUEST_ID_1: (u32, u32, u32) = (0, 0, 0);
        {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use self::*;
            ::context_vars::__private::assert_in_module(
                (::core::line!(), ::core::column!(), 1u32),
                __context_var_REQUEST_ID_1,
                "context variables must be declared at module level\nhelp: move this `context_var!` out of the function or block",
            );
        }
    }
    use ::context_vars::__private::NoShow as _;
    ::context_vars::__private::variable(
        ::context_vars::__private::Declaration {
            name: "REQUEST_ID",
            field: "request_id",
            module_path: ::core::module_path!(),
            no_inherit: false,
            redact: false,
            debug: <::context_vars::__private::Show<u64>>::DEBUG,
            display: <::context_vars::__private::Show<u64>>::DISPLAY,
        },
        ::core::option::Option::None,
    )
};
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_REQUEST_ID_1: (u32, u32, u32) = (
    ::core::line!(),
    ::core::column!(),
    1u32,
);
