//! The gain from a second host: two runners on the same PostgreSQL and Redis, against one.

use std::fs;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};

use crate::Settings;
use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::measured::Measured;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::rate;
use crate::report::Hosts;
use crate::storage::{Data, Storage};

/// The operations that are measured, if they are chosen: one that only reads, and one for which the
/// writers of a tenant wait for each other, whichever host they use.
const OPERATIONS: [Operation; 2] = [Operation::PointRead, Operation::Create];

/// Measures one host and two hosts in turns, round after round.
///
/// # Errors
/// The request that did not get the right answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
    operations: &[Operation],
) -> anyhow::Result<Vec<Hosts>> {
    let operations: Vec<_> = OPERATIONS.into_iter().filter(|o| operations.contains(o)).collect();
    let mut rounds: Vec<Vec<(Measured, Measured)>> = vec![Vec::new(); operations.len()];
    // If there are no operations, then there are no rounds.
    let count = if operations.is_empty() { 0 } else { settings.rounds };
    for round in 1..=count {
        let servers = start(places, storage, seed).await?;
        for (operation, found) in operations.iter().zip(&mut rounds) {
            // The second in a round profits from what the first has warmed, so the order changes.
            let (begin, end) = if round % 2 == 0 { (2, 1) } else { (1, 2) };
            let hosts = async |count: usize| {
                rate::measure(settings, seed, &servers[..count], *operation, round).await
            };
            let (begun, ended) = (hosts(begin).await?, hosts(end).await?);
            let (one, two) = if begin == 1 { (begun, ended) } else { (ended, begun) };
            eprintln!(
                "Round {round}/{count}: {}, one host and two: {:.0} and {:.0} requests/s",
                operation.name(),
                one.requests_per_second,
                two.requests_per_second
            );
            found.push((one, two));
        }
        for server in servers {
            server.stop().await?;
        }
    }
    Ok(rounds.iter().filter_map(|rounds| Hosts::of(rounds)).collect())
}

/// Both hosts on one fresh copy of the data, each with caches of its own.
async fn start(
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
) -> anyhow::Result<Vec<Server>> {
    let first = storage.data(places, "hosts");
    let directory = storage.data(places, "hosts-2").directory;
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let second = Data { directory, shared: first.shared.clone() };
    seed.copy_to(storage, &first).await?;
    let mut servers = Vec::new();
    for data in [&first, &second] {
        let mut server = Server::start(places, Kind::Fused, data, Limits::AMPLE)?;
        server.ready().await?;
        servers.push(server);
    }
    check(&servers, seed).await.context("the hosts are not of one service")?;
    Ok(servers)
}

/// Checks that the second host reads what the first has written.
async fn check(servers: &[Server], seed: &Seed) -> anyhow::Result<()> {
    let [first, second] = servers else { bail!("these are not two") };
    let mut request = Vec::new();
    Operation::Create.request(seed, 7, &mut request);
    let mut connection = Connection::open(first.address()).await?;
    let made = connection.exchange(&request).await?.json(201)?;
    let id = made["id"].as_str().context("no id")?;
    let request = format!("GET /api/v1/projects/{id}{}\r\n", seed.headers);
    let mut connection = Connection::open(second.address()).await?;
    let found = connection.exchange(request.as_bytes()).await?.json(200)?;
    ensure!(found == made, "one made\n{made}\nand the other has\n{found}");
    Ok(())
}
