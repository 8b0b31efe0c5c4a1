pub fn handle(name: String, id: u64) -> Result<u64, Error> {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    #[allow(clippy::redundant_locals)]
    let name = name;
    #[allow(clippy::redundant_locals)]
    let mut id = id;
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: name,
    };
    let __context_vars_value_1 = ::context_vars::__private::Computed {
        var: &vars::REQUEST_ID,
        value: id,
    };
    ::context_vars::__private::set_all([
        __context_vars_value_0.prepare(),
        __context_vars_value_1.prepare(),
    ]);
    match () {
        () => {
            id += parse()?;
            Ok(id)
        }
    }
}
