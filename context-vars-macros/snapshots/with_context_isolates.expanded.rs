fn handle() {
    let _scope = ::context_vars::__private::SyncScope::enter();
    match () {
        () => {
            work();
        }
    }
}
