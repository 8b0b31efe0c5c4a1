pub async fn handle<T: Send>(name: &str, item: T) -> Result<T, Error> {
    ::context_vars::__private::scope(async move {
            let _ = &item;
            let _ = &name;
            if false {
                return ::context_vars::__private::never::<Result<T, Error>>();
            }
            let __context_vars_value_0 = ::context_vars::__private::Computed {
                var: &USER,
                value: load(name).await?,
            };
            __context_vars_value_0.set();
            match () {
                () => {
                    work(name).await?;
                    Ok(item)
                }
            }
        })
        .await
}
