#[allow(clippy::disallowed_methods)]
fn handle() {
    rayon::join(
        {
            let context = ::context_vars::__private::Inherited::current().once();
            || {
                let mut context = context.again();
                let _scope = context.enter();
                match () {
                    () => a(),
                }
            }
        },
        {
            let context = ::context_vars::__private::Inherited::current().once();
            || {
                let mut context = context.again();
                let _scope = context.enter();
                match () {
                    () => b(),
                }
            }
        },
    );
    pool.install({
        let context = ::context_vars::__private::Inherited::current().once();
        || {
            let mut context = context.again();
            let _scope = context.enter();
            match () {
                () => work(),
            }
        }
    });
    path.join("x");
}
