//! Connections of one tenant that read now and then, and how long each read takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::process::Server;

/// The number of connections that read, and the pause of each after an answer. This is far below
/// the capacity of a core.
const READERS: u64 = 4;
const REST: Duration = Duration::from_millis(5);

/// Reads until `until` is over. Returns how long each read took.
pub(super) async fn reads<T>(
    server: &Server,
    seed: &Arc<Seed>,
    until: impl Future<Output = T>,
) -> anyhow::Result<(Vec<Duration>, T)> {
    let end = Arc::new(AtomicBool::new(false));
    // The readers have a thread of their own, because the clients beside them must not delay them.
    let readers = {
        let (end, seed, address) = (end.clone(), seed.clone(), server.address());
        tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut readers = JoinSet::new();
                for number in 0..READERS {
                    let (end, seed) = (end.clone(), seed.clone());
                    let connection = Connection::open(address).await?;
                    readers.spawn(read(connection, seed, number, end));
                }
                let mut latencies = Vec::new();
                while let Some(of_reader) = readers.join_next().await {
                    latencies.append(&mut of_reader??);
                }
                anyhow::Ok(latencies)
            })
        })
    };
    let outcome = until.await;
    end.store(true, Ordering::Relaxed);
    Ok((readers.await??, outcome))
}

async fn read(
    mut connection: Connection,
    seed: Arc<Seed>,
    number: u64,
    end: Arc<AtomicBool>,
) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut request = Vec::new();
    let mut project = number;
    while !end.load(Ordering::Relaxed) {
        Operation::PointRead.request(&seed, project, &mut request);
        project += READERS;
        let sent = Instant::now();
        connection.exchange(&request).await?.expect(Operation::PointRead.status())?;
        latencies.push(sent.elapsed());
        tokio::time::sleep(REST).await;
    }
    Ok(latencies)
}
