async fn handle(self: Arc<Self>, __argument_1: (u8, u8)) {
    ::context_vars::__private::scope(async move {
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let _ = &__argument_1;
            let _ = &self;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            #[allow(unused_mut)]
            let mut __argument_1 = __argument_1;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let (a, b) = __argument_1;
            let value_0 = ::context_vars::__private::value(&USER, self.name());
            value_0.set();
            match () {
                () => {
                    self.work(a + b).await;
                }
            }
        })
        .await
}
