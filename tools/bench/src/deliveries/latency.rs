//! The latency of an event: from the answer to the write that caused it, which comes after the
//! commit, until the receiver has the event.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::sink::Receipt;
use super::world::World;
use crate::Settings;
use crate::measured::percentile;
use crate::order::rotated;
use crate::process::Kind;

/// The gap between two writes. With the first value each write finds the server at rest, and with
/// the second it does not.
const GAPS: [Duration; 2] = [Duration::from_millis(250), Duration::from_millis(20)];

/// The latencies of some deliveries.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Times {
    pub(crate) deliveries: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// The latencies of one endpoint.
#[derive(Serialize)]
pub(crate) struct Latency {
    pub(crate) server: Kind,
    pub(crate) writes_per_second: f64,
    /// The latencies of all rounds together.
    pub(crate) times: Times,
    pub(crate) times_of_rounds: Vec<Times>,
}

/// Measures the servers in turns, with each gap.
///
/// # Errors
/// The delivery that did not come, or the request that did not get the right answer.
pub(super) async fn measure(settings: &Settings, worlds: &[World]) -> anyhow::Result<Vec<Latency>> {
    let mut found = Vec::new();
    for gap in GAPS {
        let mut rounds: Vec<Vec<Vec<Duration>>> = vec![Vec::new(); worlds.len()];
        for round in 1..=settings.rounds {
            for at in rotated(worlds.len(), round) {
                let world = &worlds[at];
                let name = world.server.kind.name();
                let latencies = once(settings, world, gap).await.context(name)?;
                eprintln!(
                    "Round {round}/{}: a write each {gap:?}, {name}: {:.1} ms to its receipt",
                    settings.rounds,
                    Times::of(&latencies).p50_ms
                );
                rounds[at].push(latencies);
            }
        }
        found.extend(worlds.iter().zip(rounds).map(|(world, rounds)| {
            let mut all = rounds.concat();
            all.sort_unstable();
            Latency {
                server: world.server.kind,
                writes_per_second: gap.as_secs_f64().recip(),
                times: Times::of(&all),
                times_of_rounds: rounds.iter().map(|round| Times::of(round)).collect(),
            }
        }));
    }
    Ok(found)
}

/// The latencies of one round, sorted. The warm-up sends events too, and is not counted.
async fn once(settings: &Settings, world: &World, gap: Duration) -> anyhow::Result<Vec<Duration>> {
    let count =
        |seconds: u64| u32::try_from(Duration::from_secs(seconds).div_duration_f64(gap) as u64);
    let warm = world.append_steadily(count(settings.warm)?, gap).await?;
    world.receive(warm.len()).await?;
    let answered = world.append_steadily(count(settings.seconds)?, gap).await?;
    let receipts = world.receive(answered.len()).await?;
    latencies(&receipts, &answered, None)
}

/// The latencies of the deliveries, sorted. Those of one endpoint may be left out.
pub(super) fn latencies(
    receipts: &[Receipt],
    answered: &HashMap<String, Instant>,
    but: Option<usize>,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::with_capacity(receipts.len());
    for receipt in receipts.iter().filter(|receipt| Some(receipt.endpoint) != but) {
        let answered = answered.get(&receipt.subject).context("a delivery of no write")?;
        latencies.push(receipt.at.saturating_duration_since(*answered));
    }
    ensure!(!latencies.is_empty(), "no delivery in time");
    latencies.sort_unstable();
    Ok(latencies)
}

impl Times {
    /// The figures of sorted latencies.
    pub(super) fn of(sorted: &[Duration]) -> Self {
        let ms = |percent| percentile(sorted, percent).as_secs_f64() * 1e3;
        Self { deliveries: sorted.len(), p50_ms: ms(50), p99_ms: ms(99) }
    }
}
