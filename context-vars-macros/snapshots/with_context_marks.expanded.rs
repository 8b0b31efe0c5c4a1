fn handle() {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    match () {
        () => {
            let job = {
                let __context_vars_inherited = ::context_vars::__private::Inherited::current();
                move || {
                    let mut __context_vars_inherited = __context_vars_inherited.again();
                    let __context_vars_scope = __context_vars_inherited.enter();
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
