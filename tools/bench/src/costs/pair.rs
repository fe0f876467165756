//! Two operations, measured in turns.

use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;

use super::figures::{Round, Turn};
use crate::data::Seed;
use crate::load::{Load, Operation};
use crate::measured::percentile;
use crate::process::Server;
use crate::{Settings, rate};

/// How many turns each has on a single connection, how long a turn is, and how long the warm-up
/// before it is. Turns are short, so that a busy neighbour disturbs both.
const TURNS: u64 = 6;
const TURN: Duration = Duration::from_millis(400);
const WARM: Duration = Duration::from_millis(100);

/// An operation of a server with the measured feature, and one without it.
pub(super) struct Pair<'a> {
    pub(super) with: (&'a Server, Operation),
    pub(super) without: (&'a Server, Operation),
}

impl Pair<'_> {
    /// Measures the latencies on a single connection and the rates on all. The second in a turn
    /// profits from what the first has warmed, so each is first equally often.
    pub(super) async fn measure(
        &self,
        settings: &Settings,
        seed: &Arc<Seed>,
        round: u64,
    ) -> anyhow::Result<Round> {
        let mut turns = Vec::new();
        for turn in 0..TURNS {
            turns.push(if turn.is_multiple_of(2) {
                let with = latency(self.with, seed).await?;
                Turn { with, without: latency(self.without, seed).await? }
            } else {
                let without = latency(self.without, seed).await?;
                Turn { with: latency(self.with, seed).await?, without }
            });
        }
        let rate = async |(server, operation): (&Server, Operation)| {
            rate::measure(settings, seed, std::slice::from_ref(server), operation, round).await
        };
        Ok(if round.is_multiple_of(2) {
            let with = rate(self.with).await?;
            Round { turns, with, without: rate(self.without).await? }
        } else {
            let without = rate(self.without).await?;
            Round { turns, with: rate(self.with).await?, without }
        })
    }
}

/// The median of one turn on a single connection, in microseconds.
async fn latency(
    (server, operation): (&Server, Operation),
    seed: &Arc<Seed>,
) -> anyhow::Result<f64> {
    let load = Load {
        addresses: vec![server.address()],
        seed: seed.clone(),
        operation,
        connections: 1,
        warm: WARM,
        time: TURN,
    };
    let (latencies, ()) = load.run(|| ()).await?;
    ensure!(!latencies.is_empty(), "{}: no answer in time", operation.name());
    Ok(percentile(&latencies, 50).as_secs_f64() * 1e6)
}
