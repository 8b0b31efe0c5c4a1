#[allow(clippy::disallowed_methods)]
fn handle(jobs: Vec<Job>) {
    for job in jobs {
        std::thread::spawn({
            let context = ::context_vars::__private::Inherited::current();
            move || {
                let mut context = context.again();
                let _scope = context.enter();
                match () {
                    () => job.run(),
                }
            }
        });
    }
    scope
        .spawn({
            let context = ::context_vars::__private::Inherited::current().once();
            |__argument_0| {
                let mut context = context.again();
                let _scope = context.enter();
                #[allow(
                    clippy::redundant_locals,
                    clippy::used_underscore_binding,
                    clippy::no_effect_underscore_binding
                )]
                let __argument_0 = __argument_0;
                match () {
                    () => work(),
                }
            }
        });
    pool.spawn({
        let context = ::context_vars::__private::Inherited::current();
        move |__argument_0, b: u8| -> u8 {
            let mut context = context.again();
            let _scope = context.enter();
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            #[allow(unused_mut)]
            let mut __argument_0 = __argument_0;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let (a, _) = __argument_0;
            #[allow(
                clippy::redundant_locals,
                clippy::used_underscore_binding,
                clippy::no_effect_underscore_binding
            )]
            let mut b = b;
            match () {
                () => b + a,
            }
        }
    });
}
