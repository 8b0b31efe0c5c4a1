fn handle() {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    match () {
        () => {
            let job = {
                let __context_vars_inherited = ::context_vars::__private::Inherited::current();
                move || {
                    let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                        &__context_vars_inherited,
                    );
                    let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                        &mut __context_vars_inherited,
                    );
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
