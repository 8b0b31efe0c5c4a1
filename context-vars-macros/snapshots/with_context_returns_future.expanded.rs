fn handle(self, name: String) -> impl Future<Output = u8> + Send {
    ::context_vars::__private::scope_call(move || {
        let _ = &self;
        #[allow(
            clippy::redundant_locals,
            clippy::used_underscore_binding,
            clippy::no_effect_underscore_binding
        )]
        let name = name;
        let __context_vars_value_0 = ::context_vars::__private::Computed {
            var: &USER,
            value: name,
        };
        ::context_vars::__private::set_all([__context_vars_value_0.prepare()]);
        match () {
            () => async move { self.work().await },
        }
    })
}
