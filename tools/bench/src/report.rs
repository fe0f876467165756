//! The stored results: `target/bench.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::Settings;
use crate::beside::Beside;
use crate::costs::Cost;
use crate::deliveries::Deliveries;
use crate::machine::Machine;
use crate::measured::Measured;
use crate::overload::Overload;
use crate::process::Kind;
use crate::spread::Spread;
use crate::stores::Stores;
use crate::summary::{Figures, Summary, ratios};

/// The folders of `components/` that are built into others.
const SHARED: [&str; 2] = ["kit", "protocol"];

/// All results of a run.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The date of the run, in UTC.
    pub(crate) date: String,
    /// The parameters of the run.
    pub(crate) parameters: Parameters,
    /// The machine of the run.
    pub(crate) machine: Machine,
    /// The versions of the software.
    pub(crate) versions: BTreeMap<String, String>,
    /// The size of each function.
    pub(crate) wasm_bytes: BTreeMap<String, u64>,
    /// The time until each server is ready.
    pub(crate) starts: Vec<Start>,
    /// The medians of all rounds, with their spread.
    pub(crate) summary: Vec<Summary>,
    /// The cost of limits and idempotency keys.
    pub(crate) costs: Vec<Cost>,
    /// Reads beside what others do, compared with reads alone.
    pub(crate) beside: Vec<Beside>,
    /// Servers under load that does not wait for them.
    pub(crate) overload: Vec<Overload>,
    /// A page of a long list for each kind of stores, if it was measured.
    pub(crate) scaling: Vec<Scaling>,
    /// Two hosts compared with one, on stores that they can share.
    pub(crate) hosts: Vec<Hosts>,
    /// The deliveries of webhooks, for each kind of stores.
    pub(crate) deliveries: Vec<Deliveries>,
    /// Every measurement of every round.
    pub(crate) measured: Vec<Measured>,
}

/// The same page of a short list and of a long one.
#[derive(Serialize)]
pub(crate) struct Scaling {
    pub(crate) stores: Stores,
    pub(crate) connections: u64,
    /// The page of the short list and that of the long one.
    pub(crate) pages: Vec<Page>,
    /// The ratio of the p50 within a turn, long to short.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_turns: Vec<f64>,
}

/// A page of a list with this many rows.
#[derive(Serialize)]
pub(crate) struct Page {
    pub(crate) rows: u64,
    #[serde(flatten)]
    pub(crate) measured: Measured,
}

/// The rates of two hosts on the same data, and of one of them alone.
#[derive(Serialize)]
pub(crate) struct Hosts {
    pub(crate) one: Figures,
    pub(crate) two: Figures,
    /// The ratio of requests per second within a round.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_rounds: Vec<f64>,
}

impl Hosts {
    /// Computes the result from the rates of one and two hosts in each round.
    pub(crate) fn of(rounds: &[(Measured, Measured)]) -> Option<Self> {
        let (one, two): (Vec<_>, Vec<_>) = rounds.iter().copied().unzip();
        let ratio_of_rounds = ratios(&two, &one);
        Some(Self {
            one: Figures::of(&one)?,
            two: Figures::of(&two)?,
            ratio: Spread::of(ratio_of_rounds.iter().copied())?,
            ratio_of_rounds,
        })
    }
}

/// The settings of a run.
#[derive(Serialize)]
pub(crate) struct Parameters {
    pub(crate) stores: &'static [Stores],
    pub(crate) seconds: u64,
    pub(crate) warm_seconds: u64,
    pub(crate) rounds: u64,
    pub(crate) connections: u64,
    pub(crate) projects: u64,
}

impl Parameters {
    /// The parameters of these settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            stores: settings.stores.stores(),
            seconds: settings.seconds,
            warm_seconds: settings.warm,
            rounds: settings.rounds,
            connections: settings.connections,
            projects: settings.projects,
        }
    }
}

/// The time from the start of the process to the first 200 of `/readyz`, in milliseconds.
#[derive(Serialize)]
pub(crate) struct Start {
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    /// The time if everything must be compiled first.
    pub(crate) cold_cache_ms: Option<f64>,
    /// The time if nothing must be compiled.
    pub(crate) warm_cache_ms: Spread,
}

impl Start {
    /// Computes the result from the measured times, if there are any.
    pub(crate) fn new(
        stores: Stores,
        server: Kind,
        cold: Option<Duration>,
        warm: &[Duration],
    ) -> Option<Self> {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let warm_cache_ms = Spread::of(warm.iter().copied().map(ms))?;
        Some(Self { stores, server, cold_cache_ms: cold.map(ms), warm_cache_ms })
    }
}

/// The date of today, in UTC.
pub(crate) fn today() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// The sizes of the gateway and of the functions, as they are deployed.
pub(crate) fn sizes(workspace: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let directory = workspace.join("target").join("wasm32-wasip2").join("guest");
    let mut sizes = BTreeMap::new();
    for folder in fs::read_dir(workspace.join("components"))? {
        let name = folder?.file_name().display().to_string();
        if !SHARED.contains(&name.as_str()) {
            let file = directory.join(format!("{name}.wasm"));
            let size = fs::metadata(&file).with_context(|| file.display().to_string())?.len();
            sizes.insert(name, size);
        }
    }
    Ok(sizes)
}

impl Report {
    /// Writes the report as JSON.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| file.display().to_string())
    }
}
