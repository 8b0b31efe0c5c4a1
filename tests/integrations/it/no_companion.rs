//! Nothing is captured in this process, which has no companion.

use context_vars::{inherit, thread};
use opentelemetry::Context;
use tracing::Span;

struct Tenant;

#[test]
fn nothing_follows_without_a_companion() {
    let _default = tracing::subscriber::set_default(tracing_subscriber::registry());
    let span = tracing::info_span!("request");
    let seen = || {
        let tenant = Context::map_current(|context| context.get::<Tenant>().is_some());
        (Span::current().is_none(), tenant)
    };
    let (wrapped, thread) = {
        let _span = span.enter();
        let _attached = Context::current_with_value(Tenant).attach();
        assert_eq!(seen(), (false, true));
        (inherit(seen), thread::spawn(seen))
    };
    assert_eq!(wrapped(), (true, false));
    assert_eq!(thread.join().unwrap(), (true, false));
}
