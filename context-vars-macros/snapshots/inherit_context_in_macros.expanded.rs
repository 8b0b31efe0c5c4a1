#[allow(clippy::disallowed_methods)]
async fn handle() {
    let tasks = vec![
        spawn(::context_vars::__private::Inherited::current().future(async { 1 })),
        spawn(match work() { __context_vars_work => { use
        ::context_vars::__private::by_type::answers:: *; (&& && && && && && &
        ::context_vars::__private::by_type::Probe:: < _, false > (& __context_vars_work))
        .kind().wrap(__context_vars_work) } })
    ];
    tokio::select! {
        result = tokio::spawn(::context_vars::__private::Inherited::current()
        .future(async { 2 })) => result,
    };
}
