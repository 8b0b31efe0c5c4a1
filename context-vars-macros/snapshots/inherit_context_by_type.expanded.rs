#[allow(clippy::disallowed_methods)]
fn handle(job: impl FnOnce()) {
    let local = || work();
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<_, true>(&job))
            .kind()
            .wrap(job)
    });
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<_, false>(&local))
            .kind()
            .wrap(local)
    });
    spawn({
        use ::context_vars::__private::by_type::answers::*;
        (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<_, true>(&self.job))
            .kind()
            .wrap(self.job)
    });
    spawn_on(
        match make_future() {
            __context_vars_work => {
                use ::context_vars::__private::by_type::answers::*;
                (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<
                    _,
                    false,
                >(&__context_vars_work))
                    .kind()
                    .wrap(__context_vars_work)
            }
        },
        &handle,
    );
    spawn(
        match future.instrument(span) {
            __context_vars_work => {
                use ::context_vars::__private::by_type::answers::*;
                (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<
                    _,
                    false,
                >(&__context_vars_work))
                    .kind()
                    .wrap(__context_vars_work)
            }
        },
    );
    spawn_broadcast({
        use ::context_vars::__private::by_type::answers::*;
        (&&&&&&&&&&&&&::context_vars::__private::by_type::Probe::<
            _,
            true,
        >(&path::to::work))
            .kind()
            .wrap(path::to::work)
    });
    spawn({ work });
    Command::new("true").spawn();
}
