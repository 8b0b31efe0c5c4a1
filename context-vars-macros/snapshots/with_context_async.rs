#[with_context(user = load(name).await?)]
pub async fn handle<T: Send>(name: &str, item: T) -> Result<T, Error> {
    work(name).await?;
    Ok(item)
}
