#[allow(clippy::disallowed_methods)]
fn handle(name: String) {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let name = name;
    let __context_vars_value_0 = ::context_vars::__private::value(&USER, name);
    __context_vars_value_0.set();
    match () {
        () => {
            spawn({
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
            let job = {
                let __context_vars_inherited = ::context_vars::__private::Inherited::empty()
                    .once();
                || {
                    let mut __context_vars_inherited = __context_vars_inherited.again();
                    let __context_vars_scope = __context_vars_inherited.enter();
                    match () {
                        () => work(),
                    }
                }
            };
        }
    }
}
