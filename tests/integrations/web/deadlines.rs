//! Requests with a deadline: from the call to the last byte of the body.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use context_vars::deadline::{self, Cancelled};
use context_vars::{context_var, task};
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::support::soon;

mod scope;
mod wire;
mod sent_on;

context_var! {
    static USER: String = "anonymous".to_owned();
}

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The task of a child that its request can cancel.
type Child = JoinHandle<Result<(), Cancelled>>;

/// Hands out the children of the requests to a test.
#[derive(Clone)]
struct Children(mpsc::UnboundedSender<Child>);

impl Children {
    fn new() -> (Self, mpsc::UnboundedReceiver<Child>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    /// Spawns one that only the end of its request ends.
    fn spawn(&self) {
        let child = deadline::cancel_with_request(std::future::pending());
        self.0.send(task::spawn(child)).unwrap();
    }
}

/// The way in which the request of the next child ended.
async fn end(children: &mut mpsc::UnboundedReceiver<Child>) -> deadline::CancelledKind {
    let child = soon(children.recv()).await.unwrap();
    let cancelled = soon(child).await.unwrap();
    cancelled.unwrap_err().kind()
}

/// A body that sends a dot every ten milliseconds, filled by a separate task: what is in the channel
/// ends quietly when that task is stopped.
fn dots(count: usize) -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let (sender, mut receiver) = mpsc::channel(1);
    task::spawn(deadline::cancel_with_request(async move {
        for _ in 0..count {
            sleep(ms(10)).await;
            if sender.send(Bytes::from_static(b".")).await.is_err() {
                break;
            }
        }
    }));
    StreamBody::new(futures::stream::poll_fn(move |cx| {
        receiver
            .poll_recv(cx)
            .map(|dot| dot.map(|dot| Ok(Frame::data(dot))))
    }))
}
