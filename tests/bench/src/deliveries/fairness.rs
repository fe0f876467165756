//! Whether one slow receiver holds up the others: the same writes to 100 endpoints, with one of
//! them slow and without, in turns.

use std::time::Duration;

use serde::Serialize;

use super::latency::{Times, latencies};
use super::sink::SLOW;
use super::world::World;
use crate::Settings;

/// As many as a tenant may have.
pub(super) const ENDPOINTS: usize = 100;
/// Which of them is slow, in its turns. Without it the same one is left out, so that both are
/// about the same receivers.
const SLOW_ONE: usize = 50;
/// Writes of a turn, and the time between two: few, for each is delivered a hundred times.
const WRITES: u32 = 15;
const GAP: Duration = Duration::from_secs(1);

/// What the others notice.
#[derive(Serialize)]
pub(crate) struct Fairness {
    pub(crate) endpoints: usize,
    /// How long each answer of the slow one takes.
    pub(crate) slow_ms: u128,
    pub(crate) writes_per_second: f64,
    /// To all but one, of all turns.
    pub(crate) without: Times,
    /// The same while that one is slow.
    pub(crate) with: Times,
    /// Of the p99, with to without.
    pub(crate) ratio: f64,
    /// The same within each pair of turns.
    pub(crate) ratio_of_turns: Vec<f64>,
}

/// Measures as many pairs of turns as there are rounds.
///
/// # Errors
/// What did not come, or was not answered as it should.
pub(super) async fn measure(settings: &Settings, world: &World) -> anyhow::Result<Fairness> {
    // Connections are made, and every queue has been served once.
    turn(world, None, 2).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 1..=settings.rounds {
        // Whoever is second finds what the first has left.
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
    let ratio_of_turns =
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
        ratio: ratio(with, without),
        ratio_of_turns,
    })
}

async fn turn(world: &World, slow: Option<usize>, writes: u32) -> anyhow::Result<Vec<Duration>> {
    world.sink.slow(slow);
    let answered = world.append_steadily(writes, GAP).await?;
    let receipts = world.receive(answered.len()).await?;
    world.sink.slow(None);
    if slow.is_some() {
        // What it has not answered yet is no matter of the next turn.
        tokio::time::sleep(SLOW).await;
    }
    latencies(&receipts, &answered, Some(SLOW_ONE))
}
