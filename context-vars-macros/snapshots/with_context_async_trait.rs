#[with_context(user = self.name(key))]
fn handle<'life0, 'async_trait>(&'life0 self, key: String) -> Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
where
    'life0: 'async_trait,
{
    Box::pin(async move {
        if let Some(__ret) = None::<u8> {
            return __ret;
        }
        let __self = self;
        let key = key;
        let __ret: u8 = { __self.work().await };
        __ret
    })
}
