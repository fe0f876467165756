//! A flood: one tenant sends as much as hundreds of connections can.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;

use super::others::Others;
use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

/// The number of connections of the flood. Each sends its next request when it has its answer.
const CONNECTIONS: u64 = 400;
/// How long it goes on.
const TIME: Duration = Duration::from_secs(4);

/// Reads with all connections. `seed` is of the tenant that floods.
pub(super) async fn flood(server: &Server, seed: &Seed) -> anyhow::Result<Others> {
    let (seed, address) = (seed.clone(), server.address());
    // A thread of its own has all clients, so that the readers wait for the server and not for them.
    let clients = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let end = Instant::now() + TIME;
            let mut clients = JoinSet::new();
            for number in 0..CONNECTIONS {
                let connection = Connection::open(address).await?;
                clients.spawn(client(connection, seed.clone(), number, end));
            }
            let mut others = Others::default();
            while let Some(one) = clients.join_next().await {
                let one = one??;
                others.requests += one.requests;
                others.refused += one.refused;
            }
            anyhow::Ok(others)
        })
    };
    tokio::task::spawn_blocking(clients).await?.context("the flood")
}

async fn client(
    mut connection: Connection,
    seed: Seed,
    number: u64,
    end: Instant,
) -> anyhow::Result<Others> {
    let mut others = Others::default();
    let mut request = Vec::new();
    while Instant::now() < end {
        Operation::PointRead.request(&seed, number, &mut request);
        match connection.exchange(&request).await?.status {
            200 => {}
            503 => others.refused += 1,
            status => bail!("a read is answered {status}"),
        }
        others.requests += 1;
    }
    Ok(others)
}
