//! Whether the length of a queue matters: two servers in turns, one with few events that an
//! endpoint has not got yet, one with many.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::world::{PROJECTS, World};
use crate::Settings;
use crate::data::{FEED_PAGE, Seed};
use crate::load::{Load, Operation};
use crate::places::Places;
use crate::process::Kind;
use crate::spread::Spread;
use crate::storage::Storage;

/// How many turns each has, how long a turn is, and how long the warm-up before it is. A turn is
/// long enough for the creates of all connections, which wait for each other.
const TURNS: u64 = 6;
const TURN: Duration = Duration::from_secs(1);
const WARM: Duration = Duration::from_millis(200);
/// The number of deliveries in a turn.
const DELIVERIES: usize = 1000;
/// The events in the short queue. There are enough that the last turn leaves some.
const SHORT: u64 = TURNS * (DELIVERIES as u64 + 200);
/// The events of a create: one of the project, and one of the audit entry.
const EVENTS: f64 = 2.0;

/// The measured activities, in the order of a turn. Nothing is sent while another one is measured.
const WHAT: [&str; 3] = ["events read", "events delivered", "events appended"];

/// The rate of one activity, with few events waiting and with many.
#[derive(Serialize)]
pub(crate) struct Growth {
    pub(crate) what: &'static str,
    /// The number of events that wait in the beginning.
    pub(crate) waiting: [u64; 2],
    /// Events per second in a turn.
    pub(crate) per_second: [Spread; 2],
    /// The ratio of the rates within a turn, many to few.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_turns: Vec<f64>,
}

/// A server with a queue.
struct Queue {
    waiting: u64,
    world: World,
    /// The rates of each turn, in the order of [`WHAT`].
    rates: Vec<[f64; 3]>,
}

/// Makes both queues and measures them.
///
/// # Errors
/// The delivery that did not come, or the request that did not get the right answer.
pub(super) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
) -> anyhow::Result<Vec<Growth>> {
    let mut few = Queue::make(places, storage, SHORT).await?;
    let mut many = Queue::make(places, storage, settings.events).await?;
    for turn in 1..=TURNS {
        // The second in a turn profits from what the first has warmed, so the order changes.
        let mut both = [&mut few, &mut many];
        if turn.is_multiple_of(2) {
            both.reverse();
        }
        for queue in both {
            queue.turn(settings).await?;
        }
        eprintln!("Turn {turn}/{TURNS}: {SHORT} events wait, and {}", settings.events);
    }
    let waiting = [few.waiting, many.waiting];
    let (few, many) = (few.end(storage).await?, many.end(storage).await?);
    let growth = WHAT.into_iter().enumerate().map(|(at, what)| {
        let rates = |rates: &[[f64; 3]]| Spread::of(rates.iter().map(|turn| turn[at]));
        let turns = few.iter().zip(&many);
        let ratio_of_turns: Vec<_> = turns.map(|(few, many)| many[at] / few[at]).collect();
        Some(Growth {
            what,
            waiting,
            per_second: [rates(&few)?, rates(&many)?],
            ratio: Spread::of(ratio_of_turns.iter().copied())?,
            ratio_of_turns,
        })
    });
    growth.collect::<Option<_>>().context("no turns")
}

impl Queue {
    async fn make(places: &Places, storage: &Storage, waiting: u64) -> anyhow::Result<Self> {
        eprintln!("Making {waiting} events that wait for one endpoint");
        let seed = Seed::make(storage, places, &format!("queue-{waiting}"), PROJECTS).await?;
        let seed = Arc::new(seed);
        let mut world = World::over(places, seed, Kind::Fused).await?;
        world.add_endpoints(1).await?;
        world.rest().await?;
        // The new events are like the event of the project that was created to be refused by the
        // receiver.
        let mut world = world.restart(places, async |seed| seed.add_events(waiting).await).await?;
        Arc::make_mut(&mut world.seed).find_feed(&world.server).await?;
        Ok(Self { waiting, world, rates: Vec::new() })
    }

    async fn turn(&mut self, settings: &Settings) -> anyhow::Result<()> {
        let pages = self.load(settings, Operation::Feed).await?;
        let delivered = self.deliver().await?;
        let creates = self.load(settings, Operation::Create).await?;
        self.rates.push([pages * FEED_PAGE as f64, delivered, creates * EVENTS]);
        Ok(())
    }

    /// Loads the server with an operation. Returns the requests per second.
    async fn load(&self, settings: &Settings, operation: Operation) -> anyhow::Result<f64> {
        let load = Load {
            addresses: vec![self.world.server.address()],
            seed: self.world.seed.clone(),
            operation,
            connections: settings.connections,
            warm: WARM,
            time: TURN,
        };
        let (latencies, ()) = load.run(|| ()).await?;
        ensure!(!latencies.is_empty(), "{}: no answer in time", operation.name());
        Ok(latencies.len() as f64 / TURN.as_secs_f64())
    }

    /// Wakes the endpoint for this many deliveries. Returns their rate.
    async fn deliver(&self) -> anyhow::Result<f64> {
        let sink = &self.world.sink;
        self.world.wake().await?;
        sink.wait(DELIVERIES).await?;
        sink.rest(self.world.endpoints());
        sink.settled().await?;
        let receipts = sink.take();
        let first = receipts.first().context("nothing came")?;
        let last = receipts.get(DELIVERIES - 1).context("not all came")?;
        Ok((DELIVERIES - 1) as f64 / (last.at - first.at).as_secs_f64())
    }

    /// Returns the rates, and removes the data, because it is large.
    async fn end(self, storage: &Storage) -> anyhow::Result<Vec<[f64; 3]>> {
        let World { server, seed, .. } = self.world;
        server.stop().await?;
        storage.remove(&seed.data).await?;
        Ok(self.rates)
    }
}
