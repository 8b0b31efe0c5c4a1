#[allow(clippy::disallowed_methods)]
fn handle() {
    fn inner() -> [u8; { 1 }] {
        spawn(|| ());
    }
    spawn({
        let context = ::context_vars::__private::Inherited::current().once();
        || {
            let mut context = context.again();
            let _scope = context.enter();
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
