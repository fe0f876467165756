//! The clients: each has one connection, and sends its next request when it has the answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::Connection;
use crate::data::{Random, Seed};
pub(crate) use crate::operation::Operation;

/// The number of threads of the clients. A single thread could be the bottleneck.
const THREADS: u64 = 2;

/// The load on servers.
#[derive(Clone)]
pub(crate) struct Load {
    /// The addresses of the servers. The connections are spread evenly over them.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) seed: Arc<Seed>,
    pub(crate) operation: Operation,
    pub(crate) connections: u64,
    pub(crate) warm: Duration,
    pub(crate) time: Duration,
}

impl Load {
    /// Loads the servers. Returns the sorted latencies of the requests that were sent and answered
    /// within the measured time. `begun` is called when the measured time begins, `ended` when it
    /// ends.
    ///
    /// # Errors
    /// The first answer that is not a success.
    pub(crate) async fn run<T>(
        &self,
        begun: impl FnOnce() -> T,
    ) -> anyhow::Result<(Vec<Duration>, T)> {
        let from = Instant::now() + self.warm;
        let threads = THREADS.min(self.connections);
        let mut handles = Vec::new();
        for thread in 0..threads {
            let load = self.clone();
            handles.push(tokio::task::spawn_blocking(move || load.thread(thread, threads, from)));
        }
        tokio::time::sleep_until(from.into()).await;
        let begun = begun();
        let mut latencies = Vec::new();
        for handle in handles {
            latencies.append(&mut handle.await??);
        }
        latencies.sort_unstable();
        Ok((latencies, begun))
    }

    /// Runs the connections whose number is `thread` modulo `threads`.
    fn thread(self, thread: u64, threads: u64, from: Instant) -> anyhow::Result<Vec<Duration>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        runtime.block_on(async {
            let mine = (thread..self.connections).step_by(usize::try_from(threads)?);
            let clients: Vec<_> =
                mine.map(|number| tokio::spawn(self.clone().client(number, from))).collect();
            let mut latencies = Vec::new();
            for client in clients {
                latencies.append(&mut client.await?.context(self.operation.name())?);
            }
            Ok(latencies)
        })
    }

    async fn client(self, number: u64, from: Instant) -> anyhow::Result<Vec<Duration>> {
        let servers = self.addresses.len().max(1);
        let address = self.addresses.get(usize::try_from(number)? % servers);
        let mut connection = Connection::open(*address.context("no server")?).await?;
        let mut latencies = Vec::with_capacity(1 << 16);
        let mut request = Vec::with_capacity(4096);
        let end = from + self.time;
        let mut random = Random(number);
        loop {
            self.operation.request(&self.seed, random.next().into(), &mut request);
            let sent = Instant::now();
            let answer = connection.exchange(&request).await?;
            answer.expect(self.operation.success(self.seed.api))?;
            let answered = Instant::now();
            if answered > end {
                return Ok(latencies);
            }
            if sent >= from {
                latencies.push(answered - sent);
            }
        }
    }
}
