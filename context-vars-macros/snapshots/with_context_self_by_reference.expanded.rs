fn handle(&mut self) -> &str {
    let _scope = ::context_vars::__private::SyncScope::enter();
    let value_0 = ::context_vars::__private::value(&USER, self.name.clone());
    value_0.set();
    match () {
        () => &self.name,
    }
}
