//! The rate of an operation, on one server or on several.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::Settings;
use crate::data::Seed;
use crate::load::{Load, Operation};
use crate::measured::{Measured, Subject};
use crate::process::Server;

/// Loads servers that work together on the same data.
pub(crate) async fn measure(
    settings: &Settings,
    seed: &Arc<Seed>,
    servers: &[Server],
    operation: Operation,
    round: u64,
) -> anyhow::Result<Measured> {
    let load = Load {
        addresses: servers.iter().map(Server::address).collect(),
        seed: seed.clone(),
        operation,
        connections: settings.connections,
        warm: Duration::from_secs(settings.warm),
        time: Duration::from_secs(settings.seconds),
    };
    let cpu_time = || servers.iter().map(Server::cpu_time).sum::<Duration>();
    let (latencies, before) = load.run(cpu_time).await?;
    let cpu = cpu_time().saturating_sub(before);
    anyhow::ensure!(!latencies.is_empty(), "{}: no answer in time", operation.name());
    let subject = Subject::of(operation, servers.first().context("no server")?);
    Ok(Measured::new(subject, round, load.time, cpu, &latencies))
}
