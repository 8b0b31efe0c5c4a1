#[allow(clippy::disallowed_methods)]
fn handle() {
    rayon::join(
        {
            let __context_vars_inherited = ::context_vars::__private::Inherited::current();
            #[allow(unused_mut)]
            let mut __context_vars_work = || a();
            move || {
                let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                    &__context_vars_inherited,
                );
                let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                    &mut __context_vars_inherited,
                );
                __context_vars_work()
            }
        },
        {
            let __context_vars_inherited = ::context_vars::__private::Inherited::current();
            move || {
                let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                    &__context_vars_inherited,
                );
                let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                    &mut __context_vars_inherited,
                );
                match () {
                    () => b(),
                }
            }
        },
    );
    pool.install({
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
    });
    path.join("x");
}
