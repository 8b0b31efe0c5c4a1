async fn handle(
    name: String,
    unused: u8,
    __context_vars_argument_2: u8,
    later: u8,
) -> impl Future<Output = u8> {
    ::context_vars::__private::scope(async move {
            let _ = &later;
            #[allow(clippy::used_underscore_binding)]
            let _ = &__context_vars_argument_2;
            let _ = &unused;
            let _ = &name;
            #[allow(clippy::redundant_locals)]
            let unused = unused;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let __context_vars_argument_2 = __context_vars_argument_2;
            #[allow(clippy::redundant_locals)]
            let later = later;
            let __context_vars_value_0 = ::context_vars::__private::Computed {
                var: &USER,
                value: name,
            };
            __context_vars_value_0.set();
            match () {
                () => later,
            }
        })
        .await
}
