pub(crate) static PASSWORD: my::context_vars::ContextVar<&str> = {
    {
        #[allow(dead_code, non_upper_case_globals)]
        const __context_var_PASSWORD_1: (u32, u32, u32) = (0, 0, 0);
        {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use self::*;
            my::context_vars::__private::assert_in_module(
                (::core::line!(), ::core::column!(), 1u32),
                __context_var_PASSWORD_1,
                "context variables must be declared at module level\nhelp: move this `context_var!` out of the function or block",
            );
        }
    }
    use my::context_vars::__private::NoShow as _;
    my::context_vars::__private::variable(
        my::context_vars::__private::Declaration {
            name: "PASSWORD",
            field: "password",
            module_path: ::core::module_path!(),
            no_inherit: false,
            redact: true,
            debug: <my::context_vars::__private::Show<&str>>::DEBUG,
            display: <my::context_vars::__private::Show<&str>>::DISPLAY,
        },
        ::core::option::Option::Some(|| {
            let text = "";
            text
        }),
    )
};
#[doc(hidden)]
#[allow(dead_code, non_upper_case_globals)]
const __context_var_PASSWORD_1: (u32, u32, u32) = (
    ::core::line!(),
    ::core::column!(),
    1u32,
);
#[cfg(unix)]
static CONNECTION: my::context_vars::ContextVar<(u8, fn(u8) -> u8)> = {
    use my::context_vars::__private::NoShow as _;
    my::context_vars::__private::variable(
        my::context_vars::__private::Declaration {
            name: "CONNECTION",
            field: "connection",
            module_path: ::core::module_path!(),
            no_inherit: true,
            redact: false,
            debug: <my::context_vars::__private::Show<(u8, fn(u8) -> u8)>>::DEBUG,
            display: <my::context_vars::__private::Show<(u8, fn(u8) -> u8)>>::DISPLAY,
        },
        ::core::option::Option::None,
    )
};
