#[allow(clippy::disallowed_methods)]
fn handle(name: String) {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    #[allow(clippy::redundant_locals)]
    let name = name;
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: name,
    };
    __context_vars_value_0.set();
    match () {
        () => {
            spawn({
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
            let job = {
                let __context_vars_inherited = ::context_vars::__private::Inherited::empty();
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
        }
    }
}
