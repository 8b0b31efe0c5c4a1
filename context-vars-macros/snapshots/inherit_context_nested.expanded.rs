#[allow(clippy::disallowed_methods)]
fn handle() {
    fn inner() -> [u8; { 1 }] {
        spawn(|| ());
    }
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
                () => {
                    spawn(
                        ::context_vars::__private::Inherited::current()
                            .future(async { 1 }),
                    );
                }
            }
        }
    });
}
