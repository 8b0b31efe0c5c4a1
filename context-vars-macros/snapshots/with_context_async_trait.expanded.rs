fn handle<'life0, 'async_trait>(
    &'life0 self,
    key: String,
) -> Pin<Box<dyn Future<Output = u8> + Send + 'async_trait>>
where
    'life0: 'async_trait,
{
    Box::pin(
        ::context_vars::__private::scope(async move {
            match () {
                () => {
                    if let Some(__ret) = None::<u8> {
                        return __ret;
                    }
                    let __self = self;
                    let key = key;
                    let __context_vars_value_0 = ::context_vars::__private::Computed {
                        var: &USER,
                        value: __self.name(key),
                    };
                    __context_vars_value_0.set();
                    let __ret: u8 = { __self.work().await };
                    __ret
                }
            }
        }),
    )
}
