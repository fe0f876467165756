//! Latency under load, and what is left under too much of it.
//!
//! A closed loop, as in `load.rs`, finds the maximum. But its clients send no request while they
//! wait, so a server that stalls is asked less just then, and most of the requests that the stall
//! would have delayed are missing (coordinated omission). Here a schedule says when each request is
//! sent, at a fixed rate and whatever became of those before (`schedule.rs`). The clock of a request
//! runs from its schedule, also if no connection is free for it.
//!
//! At the levels below the maximum every request is sent. Under five times the maximum this is
//! impossible: if all connections wait for an answer, then what falls due is lost.

mod clients;
mod levels;
mod schedule;
mod table;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::data::Seed;
use crate::load::Operation;
use crate::order::rotated;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::spread::Spread;
use crate::storage::Storage;
use crate::{Settings, rate};
use clients::OpenLoop;
use levels::Round;
pub(crate) use levels::{Latency, Level, Overload};
pub(crate) use table::write;

/// The servers that are compared.
const KINDS: [Kind; 2] = [Kind::Native, Kind::Fused];
/// One operation that only reads, and one that waits for the disk.
const OPERATIONS: [Operation; 2] = [Operation::PointRead, Operation::Create];
/// The offered rates, in percent of the maximum. The last one is the overload.
const LEVELS: [u64; 5] = [30, 50, 70, 90, 500];
/// The number of connections. A runner admits 512 if a process may open 1,024 files, as is usual.
const CONNECTIONS: usize = 500;

/// The rounds of one operation on one server: its maxima, and the measurements of each level.
#[derive(Default)]
struct Rounds {
    most: Vec<f64>,
    levels: [Vec<Round>; LEVELS.len()],
}

/// Measures each operation on each server, round after round.
///
/// # Errors
/// The request of the closed loop that did not get the right answer, or a server that does not
/// answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
) -> anyhow::Result<Vec<Overload>> {
    let mut found: Vec<_> = KINDS.map(|_| OPERATIONS.map(|_| Rounds::default())).into();
    for round in 1..=settings.rounds {
        for at in rotated(KINDS.len(), round) {
            let kind = KINDS[at];
            let data = storage.data(places, kind.name());
            seed.copy_to(storage, &data).await?;
            let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
            server.ready().await?;
            for (operation, rounds) in OPERATIONS.into_iter().zip(&mut found[at]) {
                let measured = rounds.measure(settings, &server, seed, operation, round).await;
                measured.context(kind.name())?;
            }
            server.stop().await?;
        }
    }
    let found = KINDS.into_iter().zip(found).flat_map(|(kind, rounds)| {
        let rounds = OPERATIONS.into_iter().zip(rounds);
        rounds.map(move |(operation, rounds)| rounds.overload(operation, storage, kind))
    });
    found.collect::<Option<_>>().context("no rounds")
}

impl Rounds {
    /// Measures the maximum, and then each level.
    async fn measure(
        &mut self,
        settings: &Settings,
        server: &Server,
        seed: &Arc<Seed>,
        operation: Operation,
        round: u64,
    ) -> anyhow::Result<()> {
        let alone = std::slice::from_ref(server);
        let closed = rate::measure(settings, seed, alone, operation, round).await?;
        let most_per_second = closed.requests_per_second;
        self.most.push(most_per_second);
        for (percent, rounds) in LEVELS.into_iter().zip(&mut self.levels) {
            let load = OpenLoop {
                address: server.address(),
                seed: seed.clone(),
                operation,
                connections: CONNECTIONS,
                per_second: most_per_second * percent as f64 / 100.0,
                bound: if percent > 100 { CONNECTIONS } else { usize::MAX },
                warm: Duration::from_secs(settings.warm),
                time: Duration::from_secs(settings.seconds),
            };
            let (time, per_second) = (load.time, load.per_second);
            let tally = load.run().await?;
            eprintln!(
                "Round {round}/{}: {}, {}, {percent} % of {most_per_second:.0}/s: {:.0} of {:.0} good",
                settings.rounds,
                operation.name(),
                server.kind.name(),
                tally.good,
                per_second * time.as_secs_f64()
            );
            rounds.push(Round { most_per_second, time, tally });
        }
        Ok(())
    }

    fn overload(
        mut self,
        operation: Operation,
        storage: &Storage,
        server: Kind,
    ) -> Option<Overload> {
        let levels = LEVELS.into_iter().zip(&mut self.levels);
        Some(Overload {
            operation: operation.name(),
            stores: storage.stores(),
            server,
            most_per_second: Spread::of(self.most)?,
            levels: levels
                .map(|(percent, rounds)| Level::of(percent, rounds))
                .collect::<Option<_>>()?,
        })
    }
}
