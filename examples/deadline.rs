//! `cargo run --example deadline`: a request's time goes down with it, and what it spawned stops.
//!
//! A request has 200 ms. It asks a database that would wait for an hour, and that receives the
//! request's deadline with the query. Then a client hangs up: the report that it wanted stops, and
//! the mail that must be sent does not.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use context_vars::{deadline, task};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// A function of another library, which has its own limit and does not know about requests.
mod database {
    use super::*;

    pub async fn query(sql: &str) -> Result<u32, deadline::Elapsed> {
        let hour = Duration::from_secs(3600);
        deadline::timeout(hour, async {
            let left = deadline::time_left().unwrap_or(hour);
            println!("  database: `{sql}` may take {:.0?}", round(left));
            sleep(Duration::from_secs(60)).await;
            42
        })
        .await
    }
}

fn round(duration: Duration) -> Duration {
    Duration::from_millis((duration.as_millis() as u64 + 25) / 50 * 50)
}

/// Returns whether a nested timeout took the minimum.
async fn time_goes_down_with_the_request() -> bool {
    println!("a request with 200 ms:");
    let start = Instant::now();
    let request = deadline::timeout(Duration::from_millis(200), async {
        match database::query("select everything").await {
            Ok(_) => println!("  request: an answer?"),
            Err(error) => println!("  request: {error}, answering 504"),
        }
    });
    let answered = request.await.is_ok();
    let took = start.elapsed();
    println!("  it took {:?}", round(took));
    answered && took >= Duration::from_millis(200) && took < Duration::from_secs(30)
}

/// Counts its steps, and those of them that came after the client had gone.
async fn steps(name: &str, count: Arc<AtomicU32>) {
    for step in 1..=10 {
        sleep(Duration::from_millis(20)).await;
        count.store(step, Ordering::SeqCst);
    }
    println!("  {name}: done after 10 steps");
}

/// Returns whether the wrapped work stopped and the other work went on.
async fn children_stop_with_the_request() -> bool {
    println!("a request whose client hangs up:");
    let (report, mail) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let (sender, children) = oneshot::channel();
    let request = {
        let (report, mail) = (report.clone(), mail.clone());
        task::spawn(deadline::scope(async move {
            let report = task::spawn(deadline::cancel_with_request(steps("report", report)));
            let mail = task::spawn(steps("mail", mail));
            let _ = sender.send((report, mail));
            std::future::pending::<()>().await;
        }))
    };
    let Ok((report_task, mail_task)) = children.await else {
        return false;
    };
    sleep(Duration::from_millis(50)).await;
    request.abort(); // what a server does when the connection is gone
    let stopped = matches!(report_task.await, Ok(Err(error)) if {
        println!("  report: {error}");
        true
    });
    let finished = mail_task.await.is_ok();
    let (report, mail) = (report.load(Ordering::SeqCst), mail.load(Ordering::SeqCst));
    stopped && finished && report < 10 && mail == 10
}

#[tokio::main]
async fn main() -> ExitCode {
    let right = [
        time_goes_down_with_the_request().await,
        children_stop_with_the_request().await,
    ];
    let wrong = right.iter().filter(|right| !**right).count();
    println!("2 requests, {wrong} wrong");
    ExitCode::from(u8::from(wrong > 0))
}
