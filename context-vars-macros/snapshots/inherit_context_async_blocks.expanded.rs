#[allow(clippy::disallowed_methods)]
async fn handle() {
    tokio::spawn(
        ::context_vars::__private::Inherited::current()
            .future(async move { work().await }),
    );
    set.spawn_on(
        Box::pin(
            ::context_vars::__private::Inherited::current()
                .future(async { work().await }),
        ),
        &handle,
    );
    pool.spawn_pinned({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current();
        move || {
            let mut __context_vars_inherited = __context_vars_inherited.again();
            let __context_vars_scope = __context_vars_inherited.enter();
            match () {
                () => {
                    ::context_vars::__private::Inherited::current()
                        .future(async { work().await })
                }
            }
        }
    });
    spawn_async({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current()
            .once();
        async |n: u8| -> u8 {
            __context_vars_inherited
                .again()
                .future(async {
                    if let ::core::option::Option::Some(__context_vars_returned) = ::core::option::Option::None::<
                        u8,
                    > {
                        return __context_vars_returned;
                    }
                    match () {
                        () => work(n).await,
                    }
                })
                .await
        }
    });
    spawn_async({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current();
        async move || {
            __context_vars_inherited
                .again()
                .future(async {
                    match () {
                        () => work().await,
                    }
                })
                .await
        }
    });
}
