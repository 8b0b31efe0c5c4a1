pub async fn handle<T: Send>(name: &str, item: T) -> Result<T, Error> {
    ::context_vars::__private::scope(async move {
            let _ = &item;
            let _ = &name;
            if let ::core::option::Option::Some(__context_vars_returned) = ::core::option::Option::None::<
                Result<T, Error>,
            > {
                return __context_vars_returned;
            }
            let __context_vars_value_0 = ::context_vars::__private::Computed {
                var: &USER,
                value: load(name).await?,
            };
            ::context_vars::__private::set_all([__context_vars_value_0.prepare()]);
            match () {
                () => {
                    work(name).await?;
                    Ok(item)
                }
            }
        })
        .await
}
