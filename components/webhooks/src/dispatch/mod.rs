//! The dispatcher: leases queues that are due, and sends their deliveries. Any number of
//! dispatchers may run, on any number of machines, because each queue is leased to one of them at a
//! time.
//!
//! A delivery is recorded after it was sent. If a dispatcher dies between the two, then its lease
//! ends, and another dispatcher sends the same delivery again. So delivery is at least once.

mod batch;
mod format;
mod item;
mod lease;
mod record;
mod run;
mod send;

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::{Either, join_all, select};
use futures_util::stream::FuturesUnordered;
use kit::{Call, now};

use lease::LeasedQueue;
use run::{RUN, Run};

/// If a batch takes longer than this, then the run gives its queue back, so that other queues of
/// the tenant get their turn.
const SLOW_BATCH: Duration = Duration::from_secs(2);
/// The most queues that one run serves at once.
const SLOTS: usize = 64;
/// How often a run looks for newly due queues while it is sending.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// The most batches that one queue sends before other queues get their turn.
const MAX_BATCHES: usize = 8;

/// The result of a run.
pub(crate) struct RunResult {
    /// Requests that were sent.
    pub(crate) attempts: u64,
    /// When the next queue is due, in milliseconds.
    pub(crate) next_due_at: Option<i64>,
    /// Whether that moment has already come.
    pub(crate) more: bool,
}

/// Sends the deliveries that are due, and those that become due within `wait`.
pub(crate) async fn run(call: &Call, wait: Duration) -> kit::Result<RunResult> {
    let run = Run::load(call).await?;
    let until = wait.min(RUN);
    let mut sessions = FuturesUnordered::new();
    let (mut attempts, mut waits) = (0, false);
    let mut held = HashMap::<String, usize>::new();
    let next = loop {
        if sessions.len() < SLOTS && run.has_time() {
            for queue in lease::take(&run, &held, SLOTS)? {
                *held.entry(queue.tenant.clone()).or_default() += 1;
                sessions.push(serve(&run, queue));
            }
        }
        // While some sessions are sending, other queues become due.
        match select(sessions.next(), pin!(spin_sdk::time::sleep(POLL_INTERVAL))).await {
            Either::Left((Some((tenant, sent)), _)) => {
                attempts += sent;
                if let Some(count) = held.get_mut(&tenant) {
                    *count = count.saturating_sub(1);
                }
                continue;
            }
            Either::Left((None, _)) => {}
            Either::Right(_) => continue,
        }
        let next = lease::next(&run)?;
        let pause = next.map(|due| Duration::from_millis((due - now()).max(0).unsigned_abs()));
        match pause {
            Some(pause)
                if run.began.elapsed() + pause <= until
                    && run.has_time()
                    && (waits || lease::try_wait(&run, until)?) =>
            {
                waits = true;
                spin_sdk::time::sleep(pause.max(Duration::from_millis(10))).await;
            }
            _ => break next,
        }
    };
    if waits {
        lease::release_wait(&run)?;
    }
    Ok(RunResult { attempts, next_due_at: next, more: next.is_some_and(|due| due <= now()) })
}

/// Serves one queue. Returns its tenant, and how many requests were sent. If this fails, then the
/// other queues go on, and this one waits until its lease ends.
async fn serve(run: &Run<'_>, queue: LeasedQueue) -> (String, u64) {
    let mut attempts = 0;
    for round in 1..=MAX_BATCHES {
        match send_batch(run, &queue, round < MAX_BATCHES, &mut attempts).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let cause = error.internal.unwrap_or(error.message);
                eprintln!("webhook queue of {}: {cause}", queue.endpoint);
                break;
            }
        }
    }
    (queue.tenant, attempts)
}

/// Sends one batch. Returns whether the queue stays leased for another one.
async fn send_batch(
    run: &Run<'_>,
    queue: &LeasedQueue,
    may_stay: bool,
    attempts: &mut u64,
) -> kit::Result<bool> {
    let began = Instant::now();
    let Some(batch) = batch::take(run, queue)? else { return Ok(false) };
    let sent =
        join_all(batch.items.iter().map(|item| send::send(&batch.target, item, &run.contract)))
            .await;
    *attempts += sent.iter().filter(|one| one.is_some()).count() as u64;
    record::record(run, queue, &batch, &sent, may_stay && began.elapsed() < SLOW_BATCH)
}
