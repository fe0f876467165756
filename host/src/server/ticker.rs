//! Calls `POST /internal/tick` of the bundle. It calls for all work once a minute, as any scheduler
//! would, and for deliveries alone as soon as some are due. A function does the work. So it works
//! on Spin too, where another scheduler makes the calls. The calls need no connection
//! (`own_calls.rs`).

use crate::config::variables::Variables;
use crate::server::own_calls::OwnCalls;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

/// The operation that does all work that is due.
pub(crate) const PATH: &str = "/internal/tick";
/// The variable that holds its credential.
const TOKEN: &str = "tick_token";
/// The time between two calls for all work. Each period varies by up to [`JITTER`], so that hosts
/// that started together drift apart.
const PERIOD: Duration = Duration::from_secs(60);
const JITTER: Duration = Duration::from_secs(10);
/// The timeout of one call.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many calls may take up work at the same time. While one delivers to a slow host, the others
/// go on.
const CALLS: usize = 4;
/// How long a call takes up new work. After that it only waits for the deliveries that it has
/// begun, and does not delay others (`RUN` of `components/webhooks/src/dispatch/mod.rs`).
const TAKES: Duration = Duration::from_secs(8);
/// The most calls at the same time. Deliveries that have begun take 20 s at most. So even if all
/// those calls wait, one more can take up work. Each call occupies an instance.
const MOST: usize = 16;
/// The time between the beginnings of two calls for deliveries. It is the longest time that an
/// event waits beside many others, because each call may find just one.
const PACE: Duration = Duration::from_millis(20);
/// The same time after a call that failed.
const RETRY: Duration = Duration::from_secs(5);
/// The time from the start of the server to the first call for deliveries. It is needed because a
/// host that died leaves deliveries that nobody announces.
const FIRST: Duration = Duration::from_secs(1);
/// The credential of the tick operation: the operator's, or a random one for this process alone.
/// `None` if the manifest has no such variable.
pub(crate) fn token(variables: &mut Variables) -> Option<String> {
    let given = variables.get(TOKEN)?;
    if given.is_empty() {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        let made: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        variables.set(TOKEN, made);
    }
    variables.get(TOKEN).map(str::to_owned)
}

/// The work that a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    All,
    Deliveries,
}

/// The part of an answer that concerns the next call. An absent field means that nothing is due.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    /// Whether something is due now.
    more: bool,
    /// When the next delivery is due (RFC 3339).
    next_due_at: Option<String>,
}

impl Answer {
    /// The time until something is due, if that is before the next regular call.
    fn wait(&self) -> Option<Duration> {
        if self.more {
            return Some(Duration::ZERO);
        }
        let due = OffsetDateTime::parse(self.next_due_at.as_deref()?, &Rfc3339).ok()?;
        let wait = Duration::try_from(due - OffsetDateTime::now_utc()).unwrap_or_default();
        (wait < PERIOD).then_some(wait)
    }
}

/// Makes calls until the task is aborted. A notification of `work_due` causes a call at once.
pub(crate) async fn run(own: OwnCalls, token: String, work_due: Arc<Notify>) {
    let warn = |problem: &str| tracing::warn!("{PATH}: {problem}");
    let first = Some(Instant::now() + FIRST);
    schedule(|work| call(own.clone(), token.clone(), work), &work_due, first, warn).await;
}

async fn schedule<F>(
    call: impl Fn(Work) -> F,
    work_due: &Notify,
    first: Option<Instant>,
    warn: impl Fn(&str),
) where
    F: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let mut calls = JoinSet::new();
    let mut begun = HashMap::new();
    let start = |calls: &mut JoinSet<_>, begun: &mut HashMap<Id, Instant>, work| {
        let answer = timeout(PATIENCE, call(work));
        let task = calls.spawn(async move {
            (work, answer.await.unwrap_or_else(|_| Err(anyhow::anyhow!("took too long"))))
        });
        begun.insert(task.id(), Instant::now());
    };
    let mut all = Instant::now() + period();
    let mut due = first;
    // Deliveries are not asked for before this time.
    let mut free = Instant::now();
    loop {
        let next = due.filter(|_| calls.len() < MOST);
        let next = next.map(|due| due.max(free).max(room(begun.values())));
        tokio::select! {
            // The order matters: all notifications that arrive before a call begins cause only that
            // one call.
            biased;
            () = work_due.notified() => due = Some(Instant::now()),
            () = sleep_until(all) => {
                all = Instant::now() + period();
                start(&mut calls, &mut begun, Work::All);
            }
            () = sleep_until(next.unwrap_or(all)), if next.is_some() => {
                // The answer will say when the next delivery is due.
                due = None;
                free = Instant::now() + PACE;
                start(&mut calls, &mut begun, Work::Deliveries);
            }
            Some(Ok((task, (work, answer)))) = calls.join_next_with_id() => {
                begun.remove(&task);
                let wait = match answer {
                    Ok(answer) => answer.wait(),
                    Err(error) => {
                        warn(&format!("{error:#}"));
                        free = Instant::now() + RETRY;
                        (work == Work::Deliveries).then_some(RETRY)
                    }
                };
                due = due.into_iter().chain(wait.map(|wait| Instant::now() + wait)).min();
            }
        }
    }
}

/// The earliest time at which another call may begin. `begun` has the beginnings of running calls.
fn room<'a>(begun: impl Iterator<Item = &'a Instant>) -> Instant {
    let mut ends: Vec<Instant> = begun.map(|begun| *begun + TAKES).collect();
    ends.sort_unstable_by_key(|end| std::cmp::Reverse(*end));
    // At most [`CALLS`] calls take up work at once. The oldest of the newest [`CALLS`] must have
    // stopped.
    ends.get(CALLS - 1).copied().unwrap_or_else(Instant::now)
}

fn period() -> Duration {
    let mut noise = [0; 2];
    let _ = getrandom::fill(&mut noise);
    let share = f64::from(u16::from_le_bytes(noise)) / f64::from(u16::MAX);
    PERIOD + JITTER.mul_f64(share)
}

async fn call(own: OwnCalls, token: String, work: Work) -> anyhow::Result<Answer> {
    let query = match work {
        // The runner's stores remove expired entries by themselves.
        Work::All => "key_values=expire",
        Work::Deliveries => "work=deliveries",
    };
    let answer = own.post(&format!("{PATH}?{query}"), &token).await?;
    Ok(serde_json::from_slice(&answer)?)
}

#[cfg(test)]
mod tests;
