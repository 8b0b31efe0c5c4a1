#[allow(clippy::disallowed_methods)]
fn handle() {
    fn inner() -> [u8; { 1 }] {
        spawn(|| ());
    }
    spawn({
        let __context_vars_inherited = ::context_vars::__private::Inherited::current()
            .once();
        || {
            let mut __context_vars_inherited = __context_vars_inherited.again();
            let __context_vars_scope = __context_vars_inherited.enter();
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
