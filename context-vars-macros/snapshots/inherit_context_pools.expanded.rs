#[allow(clippy::disallowed_methods)]
fn handle() {
    rayon::join(
        {
            let __context_vars_inherited = ::context_vars::__private::Inherited::current()
                .once();
            || {
                let mut __context_vars_inherited = __context_vars_inherited.again();
                let __context_vars_scope = __context_vars_inherited.enter();
                match () {
                    () => a(),
                }
            }
        },
        {
            let __context_vars_inherited = ::context_vars::__private::Inherited::current()
                .once();
            || {
                let mut __context_vars_inherited = __context_vars_inherited.again();
                let __context_vars_scope = __context_vars_inherited.enter();
                match () {
                    () => b(),
                }
            }
        },
    );
    pool.install({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current()
            .once();
        || {
            let mut __context_vars_inherited = __context_vars_inherited.again();
            let __context_vars_scope = __context_vars_inherited.enter();
            match () {
                () => work(),
            }
        }
    });
    path.join("x");
}
