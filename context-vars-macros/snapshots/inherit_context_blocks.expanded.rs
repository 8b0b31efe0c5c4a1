#[allow(clippy::disallowed_methods)]
async fn handle(tx: Sender, rx: Receiver) {
    tokio::spawn({
        let tx = tx.clone();
        ::context_vars::__private::Inherited::current()
            .future(async move { tx.send(1).await })
    });
    tokio::task::spawn_blocking(
        match (rx.recv().await.unwrap().work) {
            __context_vars_work => {
                use ::context_vars::__private::by_type::answers::*;
                let __context_vars_tag = if false {
                    (&&&&&&&&::context_vars::__private::by_type::Probe(
                        &__context_vars_work,
                    ))
                        .__context_vars_tag()
                } else {
                    ::context_vars::__private::by_type::Tag::new()
                };
                #[allow(unused_mut)]
                let (
                    __context_vars_inherited,
                    mut __context_vars_call,
                    __context_vars_rest,
                ) = __context_vars_tag.split(__context_vars_work);
                __context_vars_tag
                    .join(
                        move || {
                            let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                                &__context_vars_inherited,
                            );
                            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                                &mut __context_vars_inherited,
                            );
                            __context_vars_call()
                        },
                        __context_vars_rest,
                    )
            }
        },
    );
    tokio::spawn(
        match (Later { n: 1 }) {
            __context_vars_work => {
                use ::context_vars::__private::by_type::answers::*;
                let __context_vars_tag = if false {
                    (&&&&&&&&::context_vars::__private::by_type::Probe(
                        &__context_vars_work,
                    ))
                        .__context_vars_tag()
                } else {
                    ::context_vars::__private::by_type::Tag::new()
                };
                #[allow(unused_mut)]
                let (
                    __context_vars_inherited,
                    mut __context_vars_call,
                    __context_vars_rest,
                ) = __context_vars_tag.split(__context_vars_work);
                __context_vars_tag
                    .join(
                        move || {
                            let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(
                                &__context_vars_inherited,
                            );
                            let __context_vars_scope = ::context_vars::__private::Inherited::enter(
                                &mut __context_vars_inherited,
                            );
                            __context_vars_call()
                        },
                        __context_vars_rest,
                    )
            }
        },
    );
    spawn_worker(rx, job);
}
