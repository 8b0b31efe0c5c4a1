#[allow(clippy::disallowed_methods)]
async fn handle() {
    let tasks = vec![
        spawn(::context_vars::__private::Inherited::current().future(async { 1 })),
        spawn(match (work()) { __context_vars_work => { use
        ::context_vars::__private::by_type::answers:: *; let __context_vars_tag = if
        false { (&& && && && ::context_vars::__private::by_type::Probe(&
        __context_vars_work)).__context_vars_tag() } else {
        ::context_vars::__private::by_type::Tag::new() }; #[allow(unused_mut)] let
        (__context_vars_inherited, mut __context_vars_call, __context_vars_rest) =
        __context_vars_tag.split(__context_vars_work); __context_vars_tag.join(move || {
        let mut __context_vars_inherited = ::context_vars::__private::Inherited::again(&
        __context_vars_inherited); let __context_vars_scope =
        ::context_vars::__private::Inherited::enter(& mut __context_vars_inherited);
        __context_vars_call() }, __context_vars_rest,) } })
    ];
    tokio::select! {
        result = tokio::spawn(::context_vars::__private::Inherited::current()
        .future(async { 2 })) => result,
    };
}
