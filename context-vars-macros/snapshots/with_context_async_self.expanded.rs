async fn handle(self: Arc<Self>, __context_vars_argument_1: (u8, u8)) {
    ::context_vars::__private::scope(async move {
            #[allow(clippy::used_underscore_binding)]
            let _ = &__context_vars_argument_1;
            let _ = &self;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            #[allow(unused_mut)]
            let mut __context_vars_argument_1 = __context_vars_argument_1;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let (a, b) = __context_vars_argument_1;
            let __context_vars_value_0 = ::context_vars::__private::Computed {
                var: &USER,
                value: self.name(),
            };
            __context_vars_value_0.set();
            match () {
                () => {
                    self.work(a + b).await;
                }
            }
        })
        .await
}
