#[allow(clippy::disallowed_methods)]
fn handle(jobs: Vec<Job>) {
    for job in jobs {
        std::thread::spawn({
            let __context_vars_inherited = ::context_vars::__private::Inherited::current();
            move || {
                let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                    &__context_vars_inherited,
                );
                let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                    &mut __context_vars_inherited,
                );
                match () {
                    () => job.run(),
                }
            }
        });
    }
    scope
        .spawn({
            let __context_vars_inherited = ::context_vars::__private::Inherited::current();
            move |__context_vars_argument_0| {
                let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                    &__context_vars_inherited,
                );
                let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                    &mut __context_vars_inherited,
                );
                #[allow(
                    clippy::redundant_locals,
                    clippy::used_underscore_binding,
                    clippy::no_effect_underscore_binding
                )]
                let __context_vars_argument_0 = __context_vars_argument_0;
                match () {
                    () => work(),
                }
            }
        });
    pool.spawn({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current();
        move |__context_vars_argument_0, b: u8| -> u8 {
            let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                &__context_vars_inherited,
            );
            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                &mut __context_vars_inherited,
            );
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            #[allow(unused_mut)]
            let mut __context_vars_argument_0 = __context_vars_argument_0;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let (a, _) = __context_vars_argument_0;
            #[allow(clippy::redundant_locals)]
            let mut b = b;
            match () {
                () => b + a,
            }
        }
    });
}
