//! Spans of `tracing` and `fastrace` with a listener, because without one they cost nothing and carry
//! nothing.

use std::sync::Once;

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use tracing_subscriber::Registry;

/// A span of `tracing`, known to a registry.
pub(crate) fn tracing_span() -> tracing::Span {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        tracing::subscriber::set_global_default(Registry::default())
            .expect("nobody else listens in a bench");
    });
    tracing::info_span!("request", id = 7_u64)
}

/// A root span of `fastrace`, whose report is thrown away.
pub(crate) fn fastrace_span() -> fastrace::Span {
    struct Discard;
    impl Reporter for Discard {
        fn report(&mut self, _: Vec<SpanRecord>) {}
    }
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| fastrace::set_reporter(Discard, Config::default()));
    fastrace::Span::root("request", SpanContext::random())
}
