fn handle(self, name: String) -> impl Future<Output = u8> + Send {
    ::context_vars::__private::scope_call(move || {
        let _ = &self;
        #[allow(clippy::redundant_locals)]
        let name = name;
        let __context_vars_value_0 = ::context_vars::__private::Computed {
            var: &USER,
            value: name,
        };
        __context_vars_value_0.set();
        match () {
            () => async move { self.work().await },
        }
    })
}
