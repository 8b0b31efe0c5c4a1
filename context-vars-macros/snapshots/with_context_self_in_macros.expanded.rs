fn handle(mut self, n: u64) -> Result<impl Debug, Error> {
    ::context_vars::__private::sync_scope(move || -> Result<_, Error> {
        let _ = &self;
        #[allow(clippy::redundant_locals)]
        let n = n;
        let __context_vars_value_0 = ::context_vars::__private::Computed {
            var: &USER,
            value: self.name.clone(),
        };
        __context_vars_value_0.set();
        match () {
            () => {
                assert!(self.id > 1);
                Ok((self.work(n)?, self))
            }
        }
    })
}
