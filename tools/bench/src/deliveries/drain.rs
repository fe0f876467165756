//! The rate at which waiting events are delivered. The endpoints rest while the events happen, and
//! wake together.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;

use super::world::World;
use crate::Settings;
use crate::order::rotated;
use crate::process::Kind;
use crate::spread::Spread;

/// Deliveries of one measurement, over all endpoints.
const DELIVERIES: usize = 4000;

/// One measurement.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Drained {
    per_second: f64,
    server_cpu_us_per_delivery: f64,
}

/// The delivery rate of a server.
#[derive(Serialize)]
pub(crate) struct Drain {
    pub(crate) server: Kind,
    pub(crate) endpoints: usize,
    /// The number of deliveries in one round.
    pub(crate) deliveries: usize,
    /// The rate, from the request that woke the first endpoint to the last receipt.
    pub(crate) per_second: Spread,
    /// CPU time of the server, user and system.
    pub(crate) server_cpu_us_per_delivery: Spread,
    /// The ratio of the rate to that of the first server within a round.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_rounds: Vec<f64>,
    pub(crate) rounds: Vec<Drained>,
}

/// Measures the servers in turns, round after round.
///
/// # Errors
/// The delivery that did not come, or the request that did not get the right answer.
pub(super) async fn measure(settings: &Settings, worlds: &[World]) -> anyhow::Result<Vec<Drain>> {
    let mut rounds: Vec<Vec<Drained>> = vec![Vec::new(); worlds.len()];
    for round in 1..=settings.rounds {
        for at in rotated(worlds.len(), round) {
            let world = &worlds[at];
            let name = world.server.kind.name();
            let drained = once(settings, world).await.context(name)?;
            eprintln!(
                "Round {round}/{}: {} endpoint(s), {name}: {:.0} deliveries/s",
                settings.rounds,
                world.endpoints(),
                drained.per_second
            );
            rounds[at].push(drained);
        }
    }
    let first = rounds.first().context("no server")?;
    let of = worlds.iter().zip(&rounds).map(|(world, rounds)| Drain::of(world, rounds, first));
    of.collect::<Option<_>>().context("no rounds")
}

async fn once(settings: &Settings, world: &World) -> anyhow::Result<Drained> {
    world.rest().await?;
    let events = DELIVERIES / world.endpoints();
    world.append(events as u64, settings.connections).await?;
    let (before, begun) = (world.server.cpu_time(), Instant::now());
    world.wake().await?;
    let receipts = world.receive(events).await?;
    let cpu = world.server.cpu_time().saturating_sub(before);
    let last = receipts.last().context("nothing came")?;
    let count = receipts.len() as f64;
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    Ok(Drained {
        per_second: count / (last.at - begun).as_secs_f64(),
        server_cpu_us_per_delivery: us(cpu) / count,
    })
}

impl Drain {
    /// Computes the rate from the rounds of the server and those of the first server, if there are
    /// any.
    fn of(world: &World, rounds: &[Drained], first: &[Drained]) -> Option<Self> {
        let spread = |value: fn(&Drained) -> f64| Spread::of(rounds.iter().map(value));
        let pairs = rounds.iter().zip(first);
        let ratio_of_rounds: Vec<_> = pairs.map(|(a, b)| a.per_second / b.per_second).collect();
        Some(Self {
            server: world.server.kind,
            endpoints: world.endpoints(),
            deliveries: DELIVERIES / world.endpoints() * world.endpoints(),
            per_second: spread(|round| round.per_second)?,
            server_cpu_us_per_delivery: spread(|round| round.server_cpu_us_per_delivery)?,
            ratio: Spread::of(ratio_of_rounds.iter().copied())?,
            ratio_of_rounds,
            rounds: rounds.to_vec(),
        })
    }
}
