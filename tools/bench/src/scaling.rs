//! Whether a page costs more if the list is long: the same page of two lists, in turns.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::Settings;
use crate::client::Connection;
use crate::data::Seed;
use crate::load::{Load, Operation};
use crate::measured::{Measured, Subject, percentile};
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::report::{Page, Scaling};
use crate::spread::Spread;
use crate::storage::Storage;

/// The rows of the short list.
const SHORT: u64 = 10_000;
/// The number of pages that are requested, in random order.
const PAGES: usize = 256;
/// How many turns each list has, how long a turn is, and how long the warm-up before it is.
const TURNS: u64 = 6;
const TURN: Duration = Duration::from_millis(500);
const WARM: Duration = Duration::from_millis(200);
/// One connection, so that the latency includes no queue.
const CONNECTIONS: u64 = 1;

/// A list, and the server that serves it.
struct List {
    rows: u64,
    seed: Arc<Seed>,
    server: Server,
    cpu: Duration,
    /// The latencies of each turn, sorted.
    turns: Vec<Vec<Duration>>,
}

/// Makes both lists and measures them.
///
/// # Errors
/// The request that did not get the right answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
) -> anyhow::Result<Scaling> {
    let mut lists = Vec::new();
    for rows in [SHORT, settings.rows] {
        lists.push(List::make(places, storage, rows).await?);
    }
    for turn in 1..=TURNS {
        for list in &mut lists {
            list.turn().await?;
        }
        eprintln!("Turn {turn}/{TURNS}: {}", Operation::Page.name());
    }
    let p50 = |latencies: &[Duration]| percentile(latencies, 50).as_secs_f64();
    let turns = lists[0].turns.iter().zip(&lists[1].turns);
    let ratio_of_turns: Vec<_> = turns.map(|(short, long)| p50(long) / p50(short)).collect();
    let mut pages = Vec::new();
    for list in lists {
        pages.push(list.end(storage).await?);
    }
    let ratio = Spread::of(ratio_of_turns.iter().copied()).context("no turns")?;
    let stores = storage.stores();
    Ok(Scaling { stores, connections: CONNECTIONS, pages, ratio, ratio_of_turns })
}

impl List {
    async fn make(places: &Places, storage: &Storage, rows: u64) -> anyhow::Result<Self> {
        eprintln!("Making {rows} projects of one tenant");
        let begun = Instant::now();
        let mut seed = Seed::make(storage, places, &format!("page-{rows}"), rows).await?;
        let mut server = Server::start(places, Kind::Fused, &seed.data, Limits::AMPLE)?;
        server.ready().await?;
        seed.find_pages(&server, PAGES).await?;
        check(&server, &seed).await?;
        eprintln!("  made in {:.1} s", begun.elapsed().as_secs_f64());
        Ok(Self { rows, seed: Arc::new(seed), server, cpu: Duration::ZERO, turns: Vec::new() })
    }

    async fn turn(&mut self) -> anyhow::Result<()> {
        let load = Load {
            addresses: vec![self.server.address()],
            seed: self.seed.clone(),
            operation: Operation::Page,
            connections: CONNECTIONS,
            warm: WARM,
            time: TURN,
        };
        let (latencies, before) = load.run(|| self.server.cpu_time()).await?;
        ensure!(!latencies.is_empty(), "{}: no answer in time", Operation::Page.name());
        self.cpu += self.server.cpu_time().saturating_sub(before);
        self.turns.push(latencies);
        Ok(())
    }

    /// Returns the figures of the list, and removes its data, because it is large.
    async fn end(self, storage: &Storage) -> anyhow::Result<Page> {
        let Self { rows, seed, server, cpu, turns } = self;
        let subject = Subject::of(Operation::Page, &server);
        server.stop().await?;
        storage.remove(&seed.data).await?;
        let time = TURN * u32::try_from(turns.len())?;
        let mut latencies = turns.concat();
        latencies.sort_unstable();
        let measured = Measured::new(subject, 1, time, cpu, &latencies);
        Ok(Page { rows, measured })
    }
}

/// Checks that the pages are full, in order, and different from each other.
async fn check(server: &Server, seed: &Seed) -> anyhow::Result<()> {
    let mut connection = Connection::open(server.address()).await?;
    let mut firsts = Vec::new();
    for target in &seed.pages {
        let request = format!("GET {target}{}\r\n", seed.headers);
        let page = connection.exchange(request.as_bytes()).await?.json(200)?;
        let items = page["items"].as_array().context("a page has no items")?;
        let times: Vec<_> = items.iter().filter_map(|item| item["created_at"].as_str()).collect();
        ensure!(
            times.len() == 20 && times.windows(2).all(|two| two[0] >= two[1]),
            "{target}: not 20 projects, latest first: {times:?}"
        );
        firsts.push(items[0]["id"].as_str().unwrap_or_default().to_owned());
    }
    ensure!(firsts.windows(2).all(|two| two[0] < two[1]), "pages are not where they should be");
    Ok(())
}
