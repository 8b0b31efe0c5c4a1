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
        let context = ::context_vars::__private::Inherited::current();
        move || {
            let mut context = context.again();
            let _scope = context.enter();
            match () {
                () => {
                    ::context_vars::__private::Inherited::current()
                        .future(async { work().await })
                }
            }
        }
    });
    spawn_async({
        let context = ::context_vars::__private::Inherited::current().once();
        async |n: u8| -> u8 {
            context
                .again()
                .future(async {
                    if let ::core::option::Option::Some(returned) = ::core::option::Option::None::<
                        u8,
                    > {
                        return returned;
                    }
                    match () {
                        () => work(n).await,
                    }
                })
                .await
        }
    });
    spawn_async({
        let context = ::context_vars::__private::Inherited::current();
        async move || {
            context
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
