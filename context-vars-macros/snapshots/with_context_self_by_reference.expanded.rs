fn handle(&mut self) -> &str {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: self.name.clone(),
    };
    ::context_vars::__private::set_all([__context_vars_value_0.prepare()]);
    match () {
        () => &self.name,
    }
}
