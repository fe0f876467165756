//! Whether one slow receiver delays the others: the same writes to 100 endpoints, in turns with and
//! without a slow one among them.

use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use super::latency::{Times, latencies};
use super::sink::SLOW;
use super::world::World;
use crate::Settings;
use crate::spread::Spread;

/// The most endpoints that a tenant may have.
pub(super) const ENDPOINTS: usize = 100;
/// The endpoint that is slow in its turns. The other turns leave the same endpoint out of the
/// figures, so that both are about the same receivers.
const SLOW_ONE: usize = 50;
/// The number of writes in a turn, and the time between two. They are few, because each is
/// delivered a hundred times.
const WRITES: u32 = 15;
const GAP: Duration = Duration::from_secs(1);

/// The effect on the other receivers.
#[derive(Serialize)]
pub(crate) struct Fairness {
    pub(crate) endpoints: usize,
    /// The delay of each answer of the slow receiver.
    pub(crate) slow_ms: u128,
    pub(crate) writes_per_second: f64,
    /// The latencies of all receivers but one, over all turns.
    pub(crate) without: Times,
    /// The same latencies while that one is slow.
    pub(crate) with: Times,
    /// The ratio of the p99 within a pair of turns, with the slow receiver to without.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_turns: Vec<f64>,
}

/// Measures as many pairs of turns as there are rounds.
///
/// # Errors
/// The delivery that did not come, or the request that did not get the right answer.
pub(super) async fn measure(settings: &Settings, world: &World) -> anyhow::Result<Fairness> {
    // This turn makes the connections, and serves every queue once.
    turn(world, None, 2).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 1..=settings.rounds {
        // The second in a pair of turns finds what the first has left, so the order changes.
        let slow = [(None, &mut without), (Some(SLOW_ONE), &mut with)];
        let mut pair = Vec::from(slow);
        if round % 2 == 0 {
            pair.reverse();
        }
        for (slow, found) in pair {
            let latencies = turn(world, slow, WRITES).await?;
            let Times { p50_ms, p99_ms, .. } = Times::of(&latencies);
            eprintln!(
                "Round {round}/{}: {ENDPOINTS} endpoints, {} slow: p50 {p50_ms:.1} ms, p99 {p99_ms:.1} ms",
                settings.rounds,
                slow.iter().len()
            );
            found.push(latencies);
        }
    }
    let pairs = with.iter().zip(&without);
    let ratio = |with: Times, without: Times| with.p99_ms / without.p99_ms;
    let ratio_of_turns: Vec<_> =
        pairs.map(|(with, without)| ratio(Times::of(with), Times::of(without))).collect();
    let all = |turns: Vec<Vec<Duration>>| {
        let mut all = turns.concat();
        all.sort_unstable();
        Times::of(&all)
    };
    let (with, without) = (all(with), all(without));
    Ok(Fairness {
        endpoints: ENDPOINTS,
        slow_ms: SLOW.as_millis(),
        writes_per_second: GAP.as_secs_f64().recip(),
        without,
        with,
        ratio: Spread::of(ratio_of_turns.iter().copied()).context("no turns")?,
        ratio_of_turns,
    })
}

async fn turn(world: &World, slow: Option<usize>, writes: u32) -> anyhow::Result<Vec<Duration>> {
    world.sink.slow(slow);
    let answered = world.append_steadily(writes, GAP).await?;
    let receipts = world.receive(answered.len()).await?;
    world.sink.slow(None);
    if slow.is_some() {
        // Requests that the slow receiver has not answered yet must not affect the next turn.
        tokio::time::sleep(SLOW).await;
    }
    latencies(&receipts, &answered, Some(SLOW_ONE))
}
