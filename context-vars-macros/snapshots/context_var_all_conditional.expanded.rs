#[cfg(unix)]
static A: ::context_vars::ContextVar<u8> = {
    {
        #[allow(dead_code, non_upper_case_globals)]
        const __context_var_A_1: (u32, u32, u32) = (0, 0, 0);
        {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use self::*;
            ::context_vars::__private::assert_in_module(
                (::core::line!(), ::core::column!(), 1u32),
                __context_var_A_1,
                "context variables must be declared at module level\nhelp: move this `context_var!` out of the function or block",
            );
        }
    }
    use ::context_vars::__private::NoShow as _;
    ::context_vars::__private::variable(
        ::context_vars::__private::Declaration {
            name: "A",
            field: "a",
            module_path: ::core::module_path!(),
            no_inherit: false,
            redact: false,
            debug: <::context_vars::__private::Show<u8>>::DEBUG,
            display: <::context_vars::__private::Show<u8>>::DISPLAY,
        },
        ::core::option::Option::None,
    )
};
#[cfg(unix)]
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_A_1: (u32, u32, u32) = (::core::line!(), ::core::column!(), 1u32);
#[cfg(windows)]
static A: ::context_vars::ContextVar<u16> = {
    {
        #[allow(dead_code, non_upper_case_globals)]
        const __context_var_A_1: (u32, u32, u32) = (0, 0, 0);
        {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use self::*;
            ::context_vars::__private::assert_in_module(
                (::core::line!(), ::core::column!(), 1u32),
                __context_var_A_1,
                "context variables must be declared at module level\nhelp: move this `context_var!` out of the function or block",
            );
        }
    }
    use ::context_vars::__private::NoShow as _;
    ::context_vars::__private::variable(
        ::context_vars::__private::Declaration {
            name: "A",
            field: "a",
            module_path: ::core::module_path!(),
            no_inherit: false,
            redact: false,
            debug: <::context_vars::__private::Show<u16>>::DEBUG,
            display: <::context_vars::__private::Show<u16>>::DISPLAY,
        },
        ::core::option::Option::None,
    )
};
#[cfg(windows)]
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_A_1: (u32, u32, u32) = (::core::line!(), ::core::column!(), 1u32);
