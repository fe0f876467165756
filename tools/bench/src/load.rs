//! The clients: each has one connection, and sends its next request when it has the answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::Connection;
use crate::data::{Random, Seed};
use crate::settings::Part;

/// The number of threads of the clients. A single thread could be the bottleneck.
const THREADS: u64 = 2;

/// The header of a client that has the project. Every project is as it was created.
const KNOWN: &str = "if-none-match: \"v1-native\"\r\n";
/// The key of all replays. It is as long as the keys that are sent only once.
const REPLAYED: &str = "5c1e2f60-0000-4000-9000-000000000000";
/// A counter for the keys of this run: a key that was sent once must not be sent again by the next
/// load of the same server.
static KEYS: AtomicU64 = AtomicU64::new(0);

/// A measured operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Reads a random project.
    PointRead,
    /// Reads a random project that the client already has, so the answer is 304 without a body.
    NotModified,
    /// Lists the first 20 projects.
    List,
    /// Creates a project: row, audit entry and event in one durable transaction.
    Create,
    /// The same with an `Idempotency-Key` that was never sent before.
    CreateOnce,
    /// Repeats the same create with the same `Idempotency-Key`.
    Replay,
    /// Lists 20 projects from the middle, latest first, to compare a long list with a short one.
    Page,
    /// Reads 100 events from somewhere in the feed.
    Feed,
}

impl Operation {
    /// The operations that compare servers, in the order in which they are measured.
    pub(crate) const COMPARED: [Self; 5] =
        [Self::PointRead, Self::NotModified, Self::List, Self::Create, Self::CreateOnce];

    /// The name for tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PointRead => "point read",
            Self::NotModified => "not modified",
            Self::List => "list of 20",
            Self::Create => "create",
            Self::CreateOnce => "create with a key",
            Self::Replay => "replay",
            Self::Page => "page of 20",
            Self::Feed => "page of the feed",
        }
    }

    /// The status of a success.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NotModified => 304,
            Self::Create | Self::CreateOnce | Self::Replay => 201,
            Self::PointRead | Self::List | Self::Page | Self::Feed => 200,
        }
    }

    /// The part of the benchmark to which the operation belongs.
    pub(crate) fn part(self) -> Part {
        match self {
            Self::PointRead => Part::PointRead,
            Self::NotModified => Part::NotModified,
            Self::List => Part::List,
            Self::Create => Part::Create,
            Self::CreateOnce => Part::CreateWithKey,
            Self::Replay => Part::Idempotency,
            Self::Page => Part::Page,
            Self::Feed => Part::Deliveries,
        }
    }

    fn writes(self) -> bool {
        matches!(self, Self::Create | Self::CreateOnce | Self::Replay)
    }

    /// Writes request number `number`.
    pub(crate) fn request(self, seed: &Seed, number: u64, into: &mut Vec<u8>) {
        let number = usize::try_from(number).unwrap_or(0);
        into.clear();
        let pieces: [&[u8]; 2] = match self {
            Self::PointRead | Self::NotModified => {
                [b"GET /api/v1/projects/", one(&seed.projects, number).as_bytes()]
            }
            Self::List => [b"GET /api/v1/projects?limit=20", b""],
            Self::Create | Self::CreateOnce | Self::Replay => [b"POST /api/v1/projects", b""],
            Self::Page | Self::Feed => [b"GET ", one(&seed.pages, number).as_bytes()],
        };
        pieces.iter().for_each(|piece| into.extend_from_slice(piece));
        into.extend_from_slice(seed.headers.as_bytes());
        if self == Self::NotModified {
            into.extend_from_slice(KNOWN.as_bytes());
        }
        if self.writes() {
            let (number, key) = match self {
                Self::CreateOnce => (number, header(&fresh_key())),
                // A replay has the same body too.
                Self::Replay => (0, header(REPLAYED)),
                _ => (number, String::new()),
            };
            let body = format!(
                "{{\"name\":\"Site {number}\",\"description\":\"Retrofit of a battery storage\"}}"
            );
            let length = body.len();
            let head =
                format!("{key}content-type: application/json\r\ncontent-length: {length}\r\n\r\n");
            into.extend_from_slice(head.as_bytes());
            into.extend_from_slice(body.as_bytes());
        } else {
            into.extend_from_slice(b"\r\n");
        }
    }
}

fn header(key: &str) -> String {
    format!("idempotency-key: {key}\r\n")
}

fn fresh_key() -> String {
    format!("5c1e2f60-0000-4000-8000-{:012x}", KEYS.fetch_add(1, Ordering::Relaxed))
}

fn one(of: &[String], number: usize) -> &str {
    of.get(number % of.len().max(1)).map_or("", String::as_str)
}

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
            answer.expect(self.operation.status())?;
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
