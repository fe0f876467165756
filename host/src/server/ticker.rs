//! Calls for the background work of the bundle. It calls `POST /internal/tick` once a minute, as any
//! scheduler would, and `POST /internal/work/{function}` as soon as that function has work that is
//! due. Functions do the work. So it works on Spin too, where another scheduler makes the calls.
//!
//! Each function has a schedule of its own, with all bounds that are here. So deliveries to slow
//! hosts do not delay webhooks that were received, nor the other way round. The calls need no connection
//! (`own_calls.rs`).

use crate::config::variables::Variables;
use crate::placements::work_due::WorkDue;
use crate::server::own_calls::OwnCalls;
use gateway::DueWork;
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
pub(crate) const TICK_PATH: &str = "/internal/tick";
/// The beginning of the paths of operations that do the work of one function.
const WORK_PREFIX: &str = "/internal/work/";
/// The variable that holds its credential.
const TOKEN_VARIABLE: &str = "tick_token";
/// The time between two periodic calls. Each period varies by up to [`JITTER`], so that hosts
/// that started together drift apart.
const PERIOD: Duration = Duration::from_secs(60);
const JITTER: Duration = Duration::from_secs(10);
/// The timeout of one call.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// How many calls of one function may take up work at the same time. While one delivers to a slow
/// host, the others go on.
const MAX_INTAKE_CALLS: usize = 4;
/// How long a call takes up new work. After that it only waits for the deliveries that it has
/// begun, and does not delay others (`RUN` of `components/webhooks/src/dispatch/run.rs`).
const INTAKE_TIME: Duration = Duration::from_secs(8);
/// The most calls of one function at the same time. Deliveries that have begun take 20 s at most. So even if all
/// those calls wait, one more can take up work. Each call occupies an instance.
const MAX_CALLS: usize = 16;
/// The time between the beginnings of two calls of one function. It is the longest time that an
/// event waits beside many others, because each call may find just one.
const CALL_INTERVAL: Duration = Duration::from_millis(20);
/// The same time after a call that failed.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// The time from the start of the server to the first call of each function. It is needed because a
/// host that died leaves work that nobody announces.
const INITIAL_DELAY: Duration = Duration::from_secs(1);
/// The credential of the tick operation: the operator's, or a random one for this process alone.
/// `None` if the manifest has no such variable.
pub(crate) fn token(variables: &mut Variables) -> Option<String> {
    let given = variables.get(TOKEN_VARIABLE)?;
    if given.is_empty() {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        variables.set(TOKEN_VARIABLE, hex::encode(bytes));
    }
    variables.get(TOKEN_VARIABLE).map(str::to_owned)
}

/// The calls that a host makes, because it serves the operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calls {
    /// The targets of the periodic calls.
    periodic: Vec<String>,
    /// The functions that are called as soon as they have work.
    on_demand: Vec<DueWork>,
}

impl Calls {
    /// The calls of a host that serves these paths. If it does not serve the tick, then it calls
    /// for the work of each function that it serves. `None` if it serves no work at all: then it
    /// leaves the calls to the hosts that do.
    pub(crate) fn of<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Option<Self> {
        let mut periodic: Vec<_> = match paths.clone().find(|path| *path == TICK_PATH) {
            // The runner's stores remove expired entries by themselves.
            Some(tick) => vec![format!("{tick}?key_values=expire")],
            None => paths
                .clone()
                .filter(|path| path.starts_with(WORK_PREFIX))
                .map(str::to_owned)
                .collect(),
        };
        periodic.dedup();
        let served = |due: &DueWork| paths.clone().any(|path| path == due.path());
        let on_demand = DueWork::ALL.into_iter().filter(served).collect();
        (!periodic.is_empty()).then_some(Self { periodic, on_demand })
    }
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
    /// The time until something is due, if that is before the next periodic call.
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
pub(crate) async fn run(calls: Calls, own: OwnCalls, token: String, work_due: Arc<WorkDue>) {
    let warn = |problem: &str| tracing::warn!("{problem}");
    let first = Some(Instant::now() + INITIAL_DELAY);
    let call = |target| call(own.clone(), token.clone(), target);
    schedule(&calls, call, &work_due, first, warn).await;
}

async fn schedule<F>(
    calls: &Calls,
    call: impl Fn(String) -> F,
    work_due: &WorkDue,
    first: Option<Instant>,
    warn: impl Fn(&str),
) where
    F: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let on_demand = |due: DueWork| run_on_demand(due, &call, work_due.of(due), first, &warn);
    let on_demand = futures_util::future::join_all(calls.on_demand.iter().copied().map(on_demand));
    tokio::join!(run_periodic(&calls.periodic, &call, work_due, &warn), on_demand);
}

/// Makes the periodic calls.
async fn run_periodic<F>(
    targets: &[String],
    call: impl Fn(String) -> F,
    work_due: &WorkDue,
    warn: impl Fn(&str),
) where
    F: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let mut calls = JoinSet::new();
    let mut next = Instant::now() + period();
    loop {
        tokio::select! {
            () = sleep_until(next) => {
                next = Instant::now() + period();
                for target in targets {
                    calls.spawn(with_timeout(target.clone(), call(target.clone())));
                }
            }
            Some(Ok(answer)) = calls.join_next() => match answer {
                // The calls of the functions find out which of them has the work, and when.
                Ok(answer) if answer.wait().is_some() => {
                    DueWork::ALL.into_iter().for_each(|due| work_due.of(due).notify_one());
                }
                Ok(_) => {}
                Err(problem) => warn(&problem),
            }
        }
    }
}

/// The answer of a call, or what went wrong.
async fn with_timeout(
    target: String,
    answer: impl Future<Output = anyhow::Result<Answer>>,
) -> Result<Answer, String> {
    let path = target.split('?').next().unwrap_or_default();
    match timeout(CALL_TIMEOUT, answer).await {
        Ok(answer) => answer.map_err(|error| format!("{path}: {error:#}")),
        Err(_) => Err(format!("{path}: took too long")),
    }
}

/// Calls for the work of a function whenever it has some.
async fn run_on_demand<F>(
    function: DueWork,
    call: impl Fn(String) -> F,
    work_due: &Notify,
    first: Option<Instant>,
    warn: impl Fn(&str),
) where
    F: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let target = format!("{}?work=deliveries", function.path());
    let mut calls = JoinSet::new();
    let mut begun = HashMap::<Id, Instant>::new();
    let mut due = first;
    // No call begins before this time.
    let mut free = Instant::now();
    loop {
        let next = due.filter(|_| calls.len() < MAX_CALLS);
        let next = next.map(|due| due.max(free).max(next_slot(begun.values())));
        tokio::select! {
            // The order matters: all notifications that arrive before a call begins cause only that
            // one call.
            biased;
            () = work_due.notified() => due = Some(Instant::now()),
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {
                // The answer will say when there is work again.
                due = None;
                free = Instant::now() + CALL_INTERVAL;
                let task = calls.spawn(with_timeout(target.clone(), call(target.clone())));
                begun.insert(task.id(), Instant::now());
            }
            Some(Ok((task, answer))) = calls.join_next_with_id() => {
                begun.remove(&task);
                let wait = match answer {
                    Ok(answer) => answer.wait(),
                    Err(problem) => {
                        warn(&problem);
                        free = Instant::now() + RETRY_DELAY;
                        Some(RETRY_DELAY)
                    }
                };
                due = due.into_iter().chain(wait.map(|wait| Instant::now() + wait)).min();
            }
        }
    }
}

/// The earliest time at which another call may begin. `begun` has the beginnings of running calls.
fn next_slot<'a>(begun: impl Iterator<Item = &'a Instant>) -> Instant {
    let mut ends: Vec<Instant> = begun.map(|begun| *begun + INTAKE_TIME).collect();
    ends.sort_unstable_by_key(|end| std::cmp::Reverse(*end));
    // At most [`MAX_INTAKE_CALLS`] calls take up work at once. The oldest of the newest [`MAX_INTAKE_CALLS`] must have
    // stopped.
    ends.get(MAX_INTAKE_CALLS - 1).copied().unwrap_or_else(Instant::now)
}

fn period() -> Duration {
    let mut noise = [0; 2];
    let _ = getrandom::fill(&mut noise);
    let share = f64::from(u16::from_le_bytes(noise)) / f64::from(u16::MAX);
    PERIOD + JITTER.mul_f64(share)
}

async fn call(own: OwnCalls, token: String, target: String) -> anyhow::Result<Answer> {
    Ok(serde_json::from_slice(&own.post(&target, &token).await?)?)
}

#[cfg(test)]
mod tests;
