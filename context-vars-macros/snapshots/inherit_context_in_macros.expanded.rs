#[allow(clippy::disallowed_methods)]
async fn handle() {
    let tasks = vec![
        spawn(::context_vars::__private::Inherited::current().future(async { 1 })),
        spawn(match work() { work => { use ::context_vars::__private::by_type::answers::
        *; (&& && && && && && & ::context_vars::__private::by_type::Probe:: < _, false >
        (& work)).kind().wrap(work) } })
    ];
    tokio::select! {
        result = tokio::spawn(::context_vars::__private::Inherited::current()
        .future(async { 2 })) => result,
    };
}
