fn handle(
    __context_vars_argument_0: (String, u8),
    __context_vars_argument_1: u8,
    b: u8,
    #[cfg(unix)]
    c: u8,
    __context_vars_argument_4: &u8,
) {
    #![allow(clippy::all)]
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    #[allow(unused_mut)]
    let mut __context_vars_argument_0 = __context_vars_argument_0;
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let (a, _) = __context_vars_argument_0;
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let __context_vars_argument_1 = __context_vars_argument_1;
    #[allow(clippy::redundant_locals)]
    #[allow(unused)]
    let b = b;
    #[allow(clippy::redundant_locals)]
    #[cfg(unix)]
    let c = c;
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    #[allow(unused_mut)]
    let mut __context_vars_argument_4 = __context_vars_argument_4;
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let &d = __context_vars_argument_4;
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: a,
    };
    __context_vars_value_0.set();
    match () {
        () => {
            use_all(c, d);
        }
    }
}
