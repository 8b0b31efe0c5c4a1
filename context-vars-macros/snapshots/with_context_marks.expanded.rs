fn handle() {
    let _scope = ::context_vars::__private::SyncScope::enter();
    match () {
        () => {
            let job = {
                let context = ::context_vars::__private::Inherited::current();
                move || {
                    let mut context = context.again();
                    let _scope = context.enter();
                    match () {
                        () => work(),
                    }
                }
            };
            pool.run(
                job,
                ::context_vars::__private::Inherited::empty()
                    .future(async { work().await }),
            );
        }
    }
}
