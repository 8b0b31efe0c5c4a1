#[allow(clippy::disallowed_methods)]
fn handle(name: String) {
    let _scope = ::context_vars::__private::SyncScope::enter();
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let name = name;
    let value_0 = ::context_vars::__private::value(&USER, name);
    value_0.set();
    match () {
        () => {
            spawn({
                let context = ::context_vars::__private::Inherited::current().once();
                || {
                    let mut context = context.again();
                    let _scope = context.enter();
                    match () {
                        () => work(),
                    }
                }
            });
            let job = {
                let context = ::context_vars::__private::Inherited::empty().once();
                || {
                    let mut context = context.again();
                    let _scope = context.enter();
                    match () {
                        () => work(),
                    }
                }
            };
        }
    }
}
