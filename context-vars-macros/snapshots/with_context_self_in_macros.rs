#[with_context(user = self.name.clone())]
fn handle(mut self, n: u64) -> Result<impl Debug, Error> {
    assert!(self.id > 1);
    Ok((self.work(n)?, self))
}
