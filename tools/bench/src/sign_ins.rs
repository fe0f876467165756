//! Whether a burst of sign-ins delays others: point reads of one tenant alone, and during the
//! burst, in turns. Each sign-in hashes a password, which takes 19 MiB and a core.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::Settings;
use crate::client::Connection;
use crate::data::Seed;
use crate::load::Operation;
use crate::measured::percentile;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::spread::Spread;
use crate::storage::Storage;
use crate::stores::Stores;

const KINDS: [Kind; 2] = [Kind::Fused, Kind::Composed];
/// The number of sign-ins in a burst, each on a connection of its own.
const BURST: u64 = 100;
/// The number of connections that read, and the pause of each after an answer. This is far below
/// the capacity of a core.
const READERS: u64 = 4;
const REST: Duration = Duration::from_millis(5);
/// The length of a turn with reads alone.
const ALONE: Duration = Duration::from_secs(4);
/// A counter for accounts, so that no account is tried twice, because a second try would have to
/// wait.
static ACCOUNTS: AtomicU64 = AtomicU64::new(0);

/// The effect on the readers.
#[derive(Serialize)]
pub(crate) struct SignIns {
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    pub(crate) sign_ins: u64,
    /// The number of sign-ins of all rounds that were told to come again.
    pub(crate) refused: u64,
    /// The duration of the bursts, as the median.
    pub(crate) burst_ms: f64,
    /// The latencies of all rounds, in milliseconds.
    pub(crate) alone: Times,
    pub(crate) beside: Times,
    /// The ratio of the p99 within a round, during the burst to alone.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_rounds: Vec<f64>,
}

/// The latencies of some reads.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Times {
    pub(crate) reads: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) most_ms: f64,
}

impl Times {
    fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let ms = |percent| percentile(&latencies, percent).as_secs_f64() * 1e3;
        Self { reads: latencies.len(), p50_ms: ms(50), p99_ms: ms(99), most_ms: ms(100) }
    }
}

/// Measures both placements.
///
/// # Errors
/// The request that did not get the right answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
) -> anyhow::Result<Vec<SignIns>> {
    let mut found = Vec::new();
    for kind in KINDS {
        let data = storage.data(places, kind.name());
        seed.copy_to(storage, &data).await?;
        let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
        server.ready().await?;
        found.push(of_server(settings, &server, seed).await.context(kind.name())?);
        server.stop().await?;
    }
    Ok(found)
}

async fn of_server(
    settings: &Settings,
    server: &Server,
    seed: &Arc<Seed>,
) -> anyhow::Result<SignIns> {
    // These reads start the instances for which the first measured requests would have to wait.
    reads(server, seed, tokio::time::sleep(ALONE / 4)).await?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let (mut bursts, mut refused) = (Vec::new(), 0);
    for round in 1..=settings.rounds {
        let (of_alone, ()) = reads(server, seed, tokio::time::sleep(ALONE)).await?;
        let begun = Instant::now();
        let (of_beside, answers) = reads(server, seed, burst(server)).await?;
        bursts.push(begun.elapsed());
        refused += answers?;
        let (one, other) = (Times::of(of_alone.clone()), Times::of(of_beside.clone()));
        eprintln!(
            "Round {round}/{}: {BURST} sign-ins at once, {}: p99 of others {:.2} ms, without {:.2} ms",
            settings.rounds,
            server.kind.name(),
            other.p99_ms,
            one.p99_ms
        );
        alone.push(of_alone);
        beside.push(of_beside);
    }
    let rounds = alone.iter().zip(&beside);
    let p99 = |latencies: &Vec<Duration>| Times::of(latencies.clone()).p99_ms;
    let ratio_of_rounds: Vec<_> = rounds.map(|(alone, beside)| p99(beside) / p99(alone)).collect();
    let (alone, beside) = (Times::of(alone.concat()), Times::of(beside.concat()));
    bursts.sort_unstable();
    Ok(SignIns {
        stores: server.stores,
        server: server.kind,
        sign_ins: BURST,
        refused,
        burst_ms: percentile(&bursts, 50).as_secs_f64() * 1e3,
        alone,
        beside,
        ratio: Spread::of(ratio_of_rounds.iter().copied()).context("no rounds")?,
        ratio_of_rounds,
    })
}

/// Reads until `until` is over. Returns how long each read took.
async fn reads<T>(
    server: &Server,
    seed: &Arc<Seed>,
    until: impl Future<Output = T>,
) -> anyhow::Result<(Vec<Duration>, T)> {
    let end = Arc::new(AtomicBool::new(false));
    // The readers have a thread of their own, because the clients that sign in must not delay them.
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

/// Signs in this many users without an account, at once. The server hashes a password for each of
/// them nevertheless. Returns how many were told to come again.
async fn burst(server: &Server) -> anyhow::Result<u64> {
    let mut sign_ins = JoinSet::new();
    for _ in 0..BURST {
        let connection = Connection::open(server.address()).await?;
        sign_ins.spawn(sign_in(connection, ACCOUNTS.fetch_add(1, Ordering::Relaxed)));
    }
    let mut refused = 0;
    while let Some(status) = sign_ins.join_next().await {
        match status?? {
            401 => {}
            503 => refused += 1,
            status => bail!("a sign-in is answered {status}"),
        }
    }
    Ok(refused)
}

async fn sign_in(mut connection: Connection, account: u64) -> anyhow::Result<u16> {
    let body = format!(r#"{{"email":"nobody-{account}@bench.test","password":"not what it is"}}"#);
    let request = format!(
        "POST /api/v1/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    Ok(connection.exchange(request.as_bytes()).await?.status)
}
