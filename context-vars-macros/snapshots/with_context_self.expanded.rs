#[track_caller]
pub fn handle(self, text: &str) -> String {
    let __context_vars_scope = ::context_vars::__private::SyncScope::enter();
    #[allow(
        clippy::redundant_locals,
        clippy::used_underscore_binding,
        clippy::no_effect_underscore_binding
    )]
    let mut __self = self;
    #[allow(clippy::redundant_locals)]
    let text = text;
    let __context_vars_value_0 = ::context_vars::__private::Computed {
        var: &USER,
        value: __self.name.clone(),
    };
    __context_vars_value_0.set();
    match () {
        () => {
            __self.count += 1;
            fn inner(this: Self) {
                this.method(|s| s.self_method())
            }
            format!("{__self} {{self}} {text} {}", __self.name)
        }
    }
}
