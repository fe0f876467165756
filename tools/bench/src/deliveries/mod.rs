//! Deliveries of webhooks: their rate, their latency, the effect of a slow receiver, and the effect
//! of a long queue.
//!
//! The receiver is a server in this process, on the loopback address. There is no native baseline:
//! the comparisons are between the placements, and of the same server under two conditions.

mod drain;
mod fairness;
mod growth;
mod latency;
mod sink;
mod table;
mod world;

use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use crate::Settings;
use crate::data::Seed;
use crate::places::Places;
use crate::process::Kind;
use crate::storage::Storage;
use crate::stores::Stores;
use drain::Drain;
use fairness::Fairness;
use growth::Growth;
use latency::Latency;
pub(crate) use table::write;
use world::{PROJECTS, World};

/// The placements. Ratios are to the first one.
const KINDS: [Kind; 2] = [Kind::Fused, Kind::Composed];
/// Endpoints that share the deliveries of a measurement.
const SEVERAL: usize = 20;

/// The results on one kind of stores.
#[derive(Serialize)]
pub(crate) struct Deliveries {
    pub(crate) stores: Stores,
    pub(crate) drains: Vec<Drain>,
    pub(crate) latencies: Vec<Latency>,
    pub(crate) fairness: Fairness,
    pub(crate) growth: Vec<Growth>,
}

/// Makes all measurements of deliveries.
///
/// # Errors
/// The delivery that did not come, or the request that did not get the right answer.
pub(crate) async fn measure(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
) -> anyhow::Result<Deliveries> {
    let seed = Arc::new(Seed::make(storage, places, "deliveries", PROJECTS).await?);
    let mut worlds = Vec::new();
    for kind in KINDS {
        let mut world = World::start(places, storage, &seed, kind).await?;
        world.add_endpoints(1).await?;
        worlds.push(world);
    }
    let mut drains = drain::measure(settings, &worlds).await?;
    let latencies = latency::measure(settings, &worlds).await?;
    for world in &mut worlds {
        world.add_endpoints(SEVERAL).await?;
    }
    drains.append(&mut drain::measure(settings, &worlds).await?);
    while let Some(world) = worlds.pop_if(|world| world.server.kind != KINDS[0]) {
        world.server.stop().await?;
    }
    let mut world = worlds.pop().context("no server")?;
    world.add_endpoints(fairness::ENDPOINTS).await?;
    let fairness = fairness::measure(settings, &world).await.context("one slow endpoint")?;
    world.server.stop().await?;
    let growth = growth::measure(settings, places, storage).await.context("a long queue")?;
    Ok(Deliveries { stores: storage.stores(), drains, latencies, fairness, growth })
}
