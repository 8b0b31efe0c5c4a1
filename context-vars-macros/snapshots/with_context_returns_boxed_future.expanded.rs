fn handle<'a>(&'a self, name: String) -> Pin<Box<dyn Future<Output = u8> + Send + 'a>> {
    ::context_vars::__private::scope_call_pinned(move || -> Pin<
        Box<dyn Future<Output = u8> + Send + 'a>,
    > {
        #[allow(clippy::redundant_locals)]
        let name = name;
        let __context_vars_value_0 = ::context_vars::__private::Computed {
            var: &USER,
            value: name,
        };
        __context_vars_value_0.set();
        match () {
            () => Box::pin(async move { self.work().await }),
        }
    })
}
