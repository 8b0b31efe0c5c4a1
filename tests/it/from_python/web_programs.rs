//! Web programs.

use std::future::Future;

use context_vars::with_context;

use super::{Output, REQUEST_ID, TRACE_ID, gather, wait};

struct Response {
    request_id: &'static str,
    body: String,
}

/// A middleware that gives every request an id, around a route handler; the id is read three
/// functions further down.
#[tokio::test(start_paused = true)]
async fn request_id_middleware_around_a_route_handler_three_functions_deep() {
    async fn middleware(id: &'static str, route: impl Future<Output = String>) -> Response {
        let work = async {
            let body = route.await;
            let request_id = REQUEST_ID.get();
            Response { request_id, body }
        };
        REQUEST_ID.scope(id, work).await
    }

    async fn route(item: u32) -> String {
        load_item(item).await
    }

    async fn load_item(item: u32) -> String {
        wait(10).await;
        query(item)
    }

    fn query(item: u32) -> String {
        format!("[{}] item {item}", REQUEST_ID.get())
    }

    let (first, second) = tokio::join!(
        middleware("req-1", route(10)),
        middleware("req-2", route(20))
    );
    assert_eq!(first.request_id, "req-1");
    assert_eq!(first.body, "[req-1] item 10");
    assert_eq!(second.request_id, "req-2");
    assert_eq!(second.body, "[req-2] item 20");
    assert!(!REQUEST_ID.is_set());
}

/// `class TraceIdFilter(logging.Filter)`: the programs log as ever, the filter adds the trace id.
#[tokio::test(start_paused = true)]
async fn logging_filter_puts_the_trace_id_on_every_record() {
    struct Record {
        trace_id: String,
        message: &'static str,
    }

    fn trace_id_filter(record: &mut Record) {
        record.trace_id = TRACE_ID.get_or_else(|| "-".to_owned());
    }

    fn info(out: &Output, message: &'static str) {
        let trace_id = String::new();
        let mut record = Record { trace_id, message };
        trace_id_filter(&mut record);
        out.print(format!("[{}] {}", record.trace_id, record.message));
    }

    #[with_context(trace_id = format!("trace-{number}"))]
    async fn handle(number: u64, out: Output) {
        info(&out, "request begins");
        wait(number).await;
        info(&out, "request ends");
    }

    let out = Output::default();
    info(&out, "server begins");
    gather([
        tokio::spawn(handle(1, out.clone())),
        tokio::spawn(handle(2, out.clone())),
    ])
    .await;
    info(&out, "server ends");
    out.expect([
        "[-] server begins",
        "[trace-1] request begins",
        "[trace-2] request begins",
        "[trace-1] request ends",
        "[trace-2] request ends",
        "[-] server ends",
    ]);
}
