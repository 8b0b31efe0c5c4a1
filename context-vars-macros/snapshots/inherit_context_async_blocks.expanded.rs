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
            let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                &__context_vars_inherited,
            );
            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                &mut __context_vars_inherited,
            );
            match () {
                () => {
                    ::context_vars::__private::Inherited::current()
                        .future(async { work().await })
                }
            }
        }
    });
    spawn_async({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current();
        async move |n: u8| -> u8 {
            ::context_vars::__private::Inherited::again(&__context_vars_inherited)
                .future(async {
                    if false {
                        return ::context_vars::__private::never::<u8>();
                    }
                    #[allow(clippy::redundant_locals)]
                    let n = n;
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
            ::context_vars::__private::Inherited::again(&__context_vars_inherited)
                .future(async {
                    match () {
                        () => work().await,
                    }
                })
                .await
        }
    });
}
