fn handle() {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    match () {
        () => {
            work();
        }
    }
}
