//! `cargo run --example actor`: two actors handle the messages of many users, each as its sender.
//!
//! 400 requests of 50 users run at once. Each sends 60 messages to a ledger, an actor that is one
//! task with one queue. A message names no user: the ledger opens it in the context of the request
//! that sent it, and reads the user there. For each message the ledger sends one to a second actor,
//! the auditor. The auditor handles many messages at once, each in its sender's context, and answers
//! to the request. Every answer is checked.
//!
//! With `-- --bare` every tenth message is sent in an empty context, as if `.inherit_context()` were
//! forgotten, and the program must notice.

use std::collections::HashMap;
use std::process::ExitCode;

use context_vars::{Context, InContext, context_var, prelude::*};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, yield_now};

context_var! {
    /// On whose behalf the current request runs.
    static USER: String = "anonymous".to_owned();
    static REQUEST_ID: u64 = 0;
}

const USERS: u64 = 50;
const REQUESTS: u64 = 400;
const MESSAGES: u64 = 60;

// ---- The ledger -----------------------------------------------------------------------------

/// A message to the ledger. It names no user.
struct Deposit {
    amount: u64,
    receipt: oneshot::Sender<String>,
}

/// Keeps the users' balances.
struct Ledger {
    balances: HashMap<String, u64>,
    auditor: mpsc::UnboundedSender<InContext<Entry>>,
}

impl Ledger {
    /// Runs in a bare task, because it belongs to no request. Each message brings its context.
    async fn work(mut self, mut inbox: mpsc::Receiver<InContext<Deposit>>) -> HashMap<String, u64> {
        while let Some(envelope) = inbox.recv().await {
            envelope.run(|deposit| self.deposit(deposit));
        }
        self.balances
    }

    fn deposit(&mut self, Deposit { amount, receipt }: Deposit) {
        let balance = self.balances.entry(USER.get()).or_default();
        *balance += amount;
        let text = format!("{amount} for {}", USER.get());
        // The context goes on to the next actor.
        let entry = Entry { text, receipt }.inherit_context();
        assert!(self.auditor.send(entry).is_ok(), "the auditor waits for us");
    }
}

// ---- The auditor ----------------------------------------------------------------------------

/// A message from the ledger to the auditor.
struct Entry {
    text: String,
    receipt: oneshot::Sender<String>,
}

/// Spawns each opened envelope, so that the auditor works on many at the same time.
async fn audit(mut inbox: mpsc::UnboundedReceiver<InContext<Entry>>) {
    let mut recording = JoinSet::new();
    while let Some(envelope) = inbox.recv().await {
        recording.spawn(envelope.run_async(record));
        // Removes the tasks that are done.
        while let Some(recorded) = recording.try_join_next() {
            recorded.expect("a record does not panic");
        }
    }
    recording.join_all().await;
}

async fn record(Entry { text, receipt }: Entry) {
    yield_now().await; // here it would write to a disk
    let line = format!("{text} in request {} of {}", REQUEST_ID.get(), USER.get());
    // A request that was cancelled does not wait for its receipt.
    let _ = receipt.send(line);
}

// ---- The requests ---------------------------------------------------------------------------

type Outbox = mpsc::Sender<InContext<Deposit>>;

/// Returns the number of answers that are not about this request.
#[with_context(user = user.clone(), request_id = id)]
async fn request(ledger: Outbox, user: String, id: u64, bare: bool) -> usize {
    let mut mixed_up = 0;
    for amount in 1..=MESSAGES {
        let (receipt, answer) = oneshot::channel();
        let deposit = Deposit { amount, receipt };
        let envelope = if bare && amount % 10 == 0 {
            deposit.in_context(Context::new())
        } else {
            deposit.inherit_context()
        };
        assert!(
            ledger.send(envelope).await.is_ok(),
            "the ledger waits for us"
        );
        let expected = format!("{amount} for {user} in request {id} of {user}");
        mixed_up += usize::from(answer.await.as_deref() != Ok(expected.as_str()));
    }
    mixed_up
}

#[tokio::main]
async fn main() -> ExitCode {
    let bare = std::env::args().any(|argument| argument == "--bare");
    let (outbox, inbox) = mpsc::channel(16);
    let (auditor, entries) = mpsc::unbounded_channel();
    let auditing = tokio::spawn(audit(entries));
    let balances = HashMap::new();
    let working = tokio::spawn(Ledger { balances, auditor }.work(inbox));

    let mut requests = JoinSet::new();
    for id in 1..=REQUESTS {
        let user = format!("user {}", id % USERS);
        requests.spawn(request(outbox.clone(), user, id, bare));
    }
    drop(outbox);
    let mut mixed_up: usize = requests.join_all().await.into_iter().sum();

    // The actors end when all senders are dropped.
    let balances = working.await.expect("the ledger does not panic");
    auditing.await.expect("the auditor does not panic");
    let due = REQUESTS / USERS * (1..=MESSAGES).sum::<u64>();
    let wrong_balances = balances.values().filter(|balance| **balance != due).count();
    mixed_up += wrong_balances + balances.len().abs_diff(USERS as usize);

    let messages = 2 * REQUESTS * MESSAGES;
    println!("{messages} messages of {REQUESTS} requests, {mixed_up} mixed up");
    ExitCode::from(u8::from((mixed_up > 0) != bare))
}
