#[with_context(user = self.name.clone())]
fn handle(&mut self) -> &str {
    &self.name
}
