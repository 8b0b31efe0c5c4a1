//! A layer of `tracing-subscriber` that gives each span a context.
//!
//! `on_enter` and `on_exit` are two calls with nothing in between, on whatever thread the span is
//! entered. Guards of attached contexts stay on their thread, so each thread keeps its own.

use std::cell::RefCell;

use context_vars::{Attached, Context, context_var, prelude::*};
use futures::future::try_join_all;
use tokio::task::yield_now;
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id};
use tracing::{Instrument, Span, Subscriber, info_span};
use tracing_subscriber::layer::{self, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

context_var! {
    /// The field `request` of the innermost span that has one.
    static REQUEST: u64 = 0;
    static STEPS: u32 = 0;
}

struct SpanContexts;

/// The context of a span, kept while no thread is in the span.
#[derive(Clone)]
struct SpanContext(Context);

thread_local! {
    /// The spans that are entered on this thread, in the order in which they were entered.
    static ENTERED: RefCell<Vec<(Id, Attached)>> = const { RefCell::new(Vec::new()) };
}

struct RequestField(Option<u64>);

impl Visit for RequestField {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "request" {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SpanContexts {
    /// A span begins with a copy of the context in which it is created.
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, spans: layer::Context<'_, S>) {
        let mut request = RequestField(None);
        attributes.record(&mut request);
        let mut context = Context::current();
        if let Some(request) = request.0 {
            context = context.with_value(&REQUEST, request);
        }
        let span = spans.span(id).expect("it is being created");
        span.extensions_mut().insert(SpanContext(context));
    }

    fn on_enter(&self, id: &Id, spans: layer::Context<'_, S>) {
        let span = spans.span(id).expect("it is open");
        let context = span.extensions().get::<SpanContext>().cloned();
        if let Some(SpanContext(context)) = context {
            let attached = context.attach();
            ENTERED.with_borrow_mut(|entered| entered.push((id.clone(), attached)));
        }
    }

    fn on_exit(&self, id: &Id, spans: layer::Context<'_, S>) {
        let entered = ENTERED.try_with(|entered| {
            let mut entered = entered.borrow_mut();
            let last = entered.iter().rposition(|(entered, _)| entered == id)?;
            Some(entered.remove(last).1)
        });
        let Ok(Some(attached)) = entered else {
            return; // the thread is ending
        };
        let context = attached.detach();
        // It is empty if a scope that began in the span is still open. The span then keeps the
        // context that it had when it was entered.
        if let Some(span) = spans.span(id)
            && !context.is_empty()
        {
            let previous = span.extensions_mut().replace(SpanContext(context));
            // Values are dropped after the lock of the extensions was released.
            drop(previous);
        }
    }
}

fn subscriber() -> impl Subscriber + Send + Sync {
    Registry::default().with(SpanContexts)
}

fn with_layer<R>(f: impl FnOnce() -> R) -> R {
    tracing::subscriber::with_default(subscriber(), f)
}

fn request(number: u64) -> Span {
    info_span!("request", request = number)
}

#[test]
fn span_has_its_context_while_it_is_entered() {
    with_layer(|| {
        let span = request(7);
        assert_eq!(REQUEST.get(), 0);
        span.in_scope(|| {
            assert_eq!(REQUEST.get(), 7);
            info_span!("query").in_scope(|| assert_eq!(REQUEST.get(), 7));
            request(8).in_scope(|| assert_eq!(REQUEST.get(), 8));
            assert_eq!(REQUEST.get(), 7);
        });
        assert_eq!(REQUEST.get(), 0);
    });
}

#[test]
fn spans_may_be_exited_in_any_order() {
    with_layer(|| {
        let (first, second) = (request(1), request(2));
        let in_first = first.enter();
        let in_second = second.enter();
        drop(in_first);
        assert_eq!(REQUEST.get(), 2);
        let again = first.enter();
        assert_eq!(REQUEST.get(), 1);
        drop(in_second);
        assert_eq!(REQUEST.get(), 1);
        drop(again);
        assert_eq!(REQUEST.get(), 0);
    });
}

#[test]
fn what_is_set_in_a_span_is_there_when_it_is_entered_again() {
    with_layer(|| {
        let span = request(7);
        for steps in 1..=3 {
            span.in_scope(|| {
                STEPS.set(STEPS.get() + 1);
                assert_eq!(STEPS.get(), steps);
            });
            assert_eq!(STEPS.get(), 0);
        }
        // One span, entered twice at once.
        let outer = span.enter();
        span.in_scope(|| assert_eq!((REQUEST.get(), STEPS.get()), (7, 3)));
        assert_eq!((REQUEST.get(), STEPS.get()), (7, 3));
        drop(outer);
        assert_eq!(REQUEST.get(), 0);
    });
}

#[test]
fn span_that_is_exited_inside_a_scope_which_it_encloses_ends_with_the_scope() {
    with_layer(|| {
        let span = request(7);
        let entered = span.enter();
        STEPS.sync_scope(1, || {
            drop(entered);
            assert_eq!(STEPS.get(), 1);
        });
        assert_eq!((REQUEST.get(), STEPS.get()), (0, 0));
        span.in_scope(|| assert_eq!(REQUEST.get(), 7));
    });
}

#[test]
fn span_that_is_left_by_unwinding_or_never_exited_leaves_nothing() {
    let thread = std::thread::spawn(|| {
        with_layer(|| {
            let unwinding = || request(1).in_scope(|| std::panic::panic_any(REQUEST.get()));
            let outcome: Result<(), _> = std::panic::catch_unwind(unwinding);
            assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&1_u64));
            assert_eq!(REQUEST.get(), 0);

            let forgotten = || std::mem::forget(request(2).entered());
            STEPS.sync_scope(1, || {
                forgotten();
                assert_eq!(REQUEST.get(), 2);
            });
            assert_eq!(REQUEST.get(), 0);
            forgotten(); // the end of the thread ends it
        });
    });
    thread.join().unwrap();
}

async fn seen() -> [u64; 2] {
    let before = REQUEST.get();
    yield_now().await;
    [before, REQUEST.get()]
}

#[tokio::test]
async fn futures_in_spans_are_polled_in_their_contexts() {
    let work = async {
        let in_span = |number| seen().instrument(request(number));
        assert_eq!(tokio::join!(in_span(1), in_span(2)), ([1, 1], [2, 2]));

        // A context that is named is inside of a span around it, and outside of a span inside it.
        let nine = Context::new().with_value(&REQUEST, 9);
        let span_around = seen().in_context(nine.clone()).instrument(request(1));
        assert_eq!(span_around.await, [9, 9]);
        assert_eq!(in_span(1).in_context(nine).await, [1, 1]);
    };
    work.with_subscriber(subscriber()).await;
    assert_eq!(REQUEST.get(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_in_spans_are_not_mixed_up_and_may_set() {
    let dispatch = tracing::Dispatch::new(subscriber());
    let tasks = tracing::dispatcher::with_default(&dispatch, || {
        [1, 2, 3, 4].map(|number| {
            let steps = async move {
                for steps in 1..=50 {
                    STEPS.set(steps);
                    yield_now().await;
                    assert_eq!((REQUEST.get(), STEPS.get()), (number, steps));
                }
            };
            tokio::spawn(steps.instrument(request(number)).with_current_subscriber())
        })
    });
    try_join_all(tasks).await.unwrap();
    let bare = tokio::spawn(async { (REQUEST.get(), STEPS.get()) });
    assert_eq!(bare.await.unwrap(), (0, 0));
}
