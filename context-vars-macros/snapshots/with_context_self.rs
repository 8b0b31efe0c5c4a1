#[track_caller]
#[with_context(user = self.name.clone())]
pub fn handle(mut self, text: &str) -> String {
    self.count += 1;
    fn inner(this: Self) {
        this.method(|s| s.self_method())
    }
    format!("{self} {{self}} {text} {}", self.name)
}
