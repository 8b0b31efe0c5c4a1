#[with_context(user = name, vars::request_id = id)]
pub fn handle(name: String, mut id: u64) -> Result<u64, Error> {
    id += parse()?;
    Ok(id)
}
