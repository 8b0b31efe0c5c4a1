fn handle() -> Box<dyn Future<Output = u8> + Unpin> {
    ::context_vars::__private::scope_call_boxed(move || -> Box<
        dyn Future<Output = u8> + Unpin,
    > {
        match () {
            () => Box::new(ready(5)),
        }
    })
}
