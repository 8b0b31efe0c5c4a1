#[allow(clippy::disallowed_methods)]
fn handle(names: &[String], log: &Mutex<Vec<String>>) {
    #[allow(unused_assignments)]
    let mut __context_vars_inherited_0 = ::context_vars::__private::Inherited::empty();
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
                () => work(),
            }
        }
    });
    std::thread::scope(|scope| {
        scope
            .spawn({
                let __context_vars_inherited = ::context_vars::__private::Inherited::current();
                #[allow(unused_mut)]
                let mut __context_vars_work = || log.lock().push(names.len());
                move || {
                    let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                        &__context_vars_inherited,
                    );
                    let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                        &mut __context_vars_inherited,
                    );
                    __context_vars_work()
                }
            });
    });
    spawn_each({
        __context_vars_inherited_0 = ::context_vars::__private::Inherited::current();
        |n| {
            let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                &__context_vars_inherited_0,
            );
            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                &mut __context_vars_inherited,
            );
            #[allow(clippy::redundant_locals)]
            let n = n;
            match () {
                () => names[n].len(),
            }
        }
    });
    rayon::scope({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current()
            .once();
        |scope| {
            let mut __context_vars_inherited = __context_vars_inherited.again();
            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                &mut __context_vars_inherited,
            );
            #[allow(clippy::redundant_locals)]
            let scope = scope;
            match () {
                () => {
                    scope
                        .spawn({
                            let __context_vars_inherited = ::context_vars::__private::Inherited::current();
                            #[allow(unused_mut)]
                            let mut __context_vars_work = || names.clear();
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
                                __context_vars_work()
                            }
                        })
                }
            }
        }
    });
    rayon::scope({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current()
            .once();
        |scope| {
            let mut __context_vars_inherited = __context_vars_inherited.again();
            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                &mut __context_vars_inherited,
            );
            #[allow(clippy::redundant_locals)]
            let scope = scope;
            match () {
                () => names.push(scope),
            }
        }
    });
}
