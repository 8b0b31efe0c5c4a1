fn handle(&mut self) -> &str {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: self.name.clone(),
    };
    __context_vars_value_0.set();
    match () {
        () => &self.name,
    }
}
