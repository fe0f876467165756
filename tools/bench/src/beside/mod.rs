//! What others notice of a disturbance: point reads of one tenant alone, and beside the disturbance,
//! in turns. `readers.rs` reads, `sign_ins.rs` and `flood.rs` disturb, as `others.rs`.

mod flood;
mod others;
mod readers;
mod sign_ins;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::Settings;
use crate::data::Seed;
use crate::measured::percentile;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::settings::Part;
use crate::spread::Spread;
use crate::storage::Storage;
use crate::stores::Stores;
use others::Others;
use readers::reads;

const KINDS: [Kind; 2] = [Kind::Fused, Kind::Composed];
/// The length of a turn with reads alone.
const ALONE: Duration = Duration::from_secs(4);

/// What disturbs.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Disturbance {
    /// Many sign-ins at once.
    SignIns,
    /// Another tenant that sends far too much.
    Flood,
}

impl Disturbance {
    const ALL: [Self; 2] = [Self::SignIns, Self::Flood];

    /// The name for tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignIns => "a burst of sign-ins",
            Self::Flood => "a flood of another tenant",
        }
    }

    fn part(self) -> Part {
        match self {
            Self::SignIns => Part::SignIns,
            Self::Flood => Part::Flood,
        }
    }
}

/// The effect on the readers.
#[derive(Serialize)]
pub(crate) struct Beside {
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    pub(crate) disturbance: Disturbance,
    /// The requests of those that disturb, and how many of them were told to come again.
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    /// The latencies of all rounds, in milliseconds.
    pub(crate) alone: Times,
    pub(crate) beside: Times,
    /// The ratio of the p99 within a round, beside the disturbance to alone.
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

/// Whether anything of this is to be measured.
pub(crate) fn chosen(settings: &Settings) -> bool {
    Disturbance::ALL.iter().any(|it| settings.measures(it.part()))
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
) -> anyhow::Result<Vec<Beside>> {
    let mut found = Vec::new();
    for disturbance in Disturbance::ALL {
        if !settings.measures(disturbance.part()) {
            continue;
        }
        for kind in KINDS {
            let data = storage.data(places, kind.name());
            seed.copy_to(storage, &data).await?;
            let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
            server.ready().await?;
            let other = others::tenant(seed, &server).await.context("another tenant")?;
            let measured = of_server(settings, &server, seed, &other, disturbance).await;
            found.push(
                measured.with_context(|| format!("{}, {}", disturbance.name(), kind.name()))?,
            );
            server.stop().await?;
        }
    }
    Ok(found)
}

async fn of_server(
    settings: &Settings,
    server: &Server,
    seed: &Arc<Seed>,
    other: &Seed,
    disturbance: Disturbance,
) -> anyhow::Result<Beside> {
    let disturb = async || match disturbance {
        Disturbance::SignIns => sign_ins::burst(server).await,
        Disturbance::Flood => flood::flood(server, other).await,
    };
    // These requests start the instances for which the first measured ones would have to wait.
    reads(server, seed, disturb()).await?.1?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut others = Others::default();
    for round in 1..=settings.rounds {
        let (of_alone, ()) = reads(server, seed, tokio::time::sleep(ALONE)).await?;
        let (of_beside, disturbed) = reads(server, seed, disturb()).await?;
        let disturbed = disturbed?;
        others.requests += disturbed.requests;
        others.refused += disturbed.refused;
        let (one, two) = (Times::of(of_alone.clone()), Times::of(of_beside.clone()));
        eprintln!(
            "Round {round}/{}: {}, {}: {} requests, p99 of others {:.2} ms, without {:.2} ms",
            settings.rounds,
            disturbance.name(),
            server.kind.name(),
            disturbed.requests,
            two.p99_ms,
            one.p99_ms
        );
        alone.push(of_alone);
        beside.push(of_beside);
    }
    let rounds = alone.iter().zip(&beside);
    let p99 = |latencies: &Vec<Duration>| Times::of(latencies.clone()).p99_ms;
    let ratio_of_rounds: Vec<_> = rounds.map(|(alone, beside)| p99(beside) / p99(alone)).collect();
    let (alone, beside) = (Times::of(alone.concat()), Times::of(beside.concat()));
    Ok(Beside {
        stores: server.stores,
        server: server.kind,
        disturbance,
        requests: others.requests,
        refused: others.refused,
        alone,
        beside,
        ratio: Spread::of(ratio_of_rounds.iter().copied()).context("no rounds")?,
        ratio_of_rounds,
    })
}
