#[allow(clippy::disallowed_methods)]
fn handle(job: impl FnOnce()) {
    let local = || work();
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        let __context_vars_tag = if false {
            (&&&&&&&&::context_vars::__private::by_type::Probe(&job))
                .__context_vars_tag()
        } else {
            ::context_vars::__private::by_type::Tag::new()
        };
        #[allow(unused_mut)]
        let (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) = __context_vars_tag
            .split(job);
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
    });
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        let __context_vars_tag = if false {
            (&&&&&&&&::context_vars::__private::by_type::Probe(&local))
                .__context_vars_tag()
        } else {
            ::context_vars::__private::by_type::Tag::new()
        };
        #[allow(unused_mut)]
        let (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) = __context_vars_tag
            .split(local);
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
    });
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        let __context_vars_tag = if false {
            (&&&&&&&&::context_vars::__private::by_type::Probe(&self.job))
                .__context_vars_tag()
        } else {
            ::context_vars::__private::by_type::Tag::new()
        };
        #[allow(unused_mut)]
        let (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) = __context_vars_tag
            .split(self.job);
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
    });
    spawn_on(
        match (make_future()) {
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
        &handle,
    );
    spawn(
        match (future.instrument(span)) {
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
    spawn_broadcast({
        use ::context_vars::__private::by_type::answers::*;
        let __context_vars_tag = if false {
            (&&&&&&&&::context_vars::__private::by_type::Probe(&path::to::work))
                .__context_vars_tag()
        } else {
            ::context_vars::__private::by_type::Tag::new()
        };
        #[allow(unused_mut)]
        let (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) = __context_vars_tag
            .split(path::to::work);
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
    });
    spawn({ work });
    Command::new("true").spawn();
}
