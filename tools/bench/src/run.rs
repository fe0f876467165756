//! The sequence of a run, on each kind of stores. It makes the data, measures the starts, and
//! compares the answers. Then, round after round, it measures each operation on each server, and
//! the cost of limits and idempotency keys. Then it measures what others notice of sign-ins and of a flood,
//! the latency under load, and at last the long list and the deliveries.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{SignalKind, signal};

use crate::check;
use crate::data::Seed;
use crate::deliveries::Deliveries;
use crate::load::Operation;
use crate::machine::{self, Machine};
use crate::measured::Measured;
use crate::peers::Peer;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::report::{self, Hosts, Report, Scaling, Start};
use crate::settings::Part;
use crate::storage::Storage;
use crate::stores::Stores;
use crate::summary::Summary;
use crate::{
    Settings, beside, costs, deliveries, hosts, order, overload, peers, plots, rate, scaling, table,
};

/// The number of starts, of which the median counts.
const STARTS: usize = 5;

/// The results on all kinds of stores.
#[derive(Default)]
struct Found {
    starts: Vec<Start>,
    measured: Vec<Measured>,
    costs: Vec<costs::Cost>,
    beside: Vec<beside::Beside>,
    overload: Vec<overload::Overload>,
    scaling: Vec<Scaling>,
    hosts: Vec<Hosts>,
    deliveries: Vec<Deliveries>,
    versions: BTreeMap<String, String>,
}

/// Measures everything, prints the table and writes the file.
///
/// # Errors
/// What is missing, or what did not get the right answer, in one sentence.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let places = Places::find(settings)?;
    let machine = Machine::look();
    let mut found = Found::default();
    found.versions.extend(machine::versions(&places, settings.peers));
    for stores in settings.stores.stores() {
        on(*stores, settings, &places, &mut found).await?;
    }
    let report = Report {
        date: report::today(),
        parameters: report::Parameters::of(settings),
        machine,
        versions: found.versions,
        wasm_bytes: report::sizes(&places.workspace)?,
        starts: found.starts,
        summary: Summary::of(&found.measured),
        costs: found.costs,
        beside: found.beside,
        overload: found.overload,
        scaling: found.scaling,
        hosts: found.hosts,
        deliveries: found.deliveries,
        measured: found.measured,
    };
    report.write(&places.workspace.join("target").join("bench.json"))?;
    println!("{}", table::markdown(&report));
    if let Some(folder) = &settings.plots {
        plots::write(&report, folder)?;
    }
    Ok(())
}

/// Measures on one kind of stores. It leaves no data there, however it ends.
async fn on(
    stores: Stores,
    settings: &Settings,
    places: &Places,
    found: &mut Found,
) -> anyhow::Result<()> {
    let storage = Storage::open(stores, settings).await?;
    let outcome = tokio::select! {
        outcome = everything(settings, places, &storage, found) => outcome,
        stopped = stop_signal() => stopped.and(Err(anyhow!("interrupted"))),
    };
    let closed = storage.close().await;
    match outcome {
        Ok(()) => closed,
        Err(error) => {
            if let Err(error) = closed {
                eprintln!("Error: {error:#}");
            }
            Err(error)
        }
    }
}

/// Waits for SIGTERM or SIGINT.
async fn stop_signal() -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    Ok(())
}

async fn everything(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    found: &mut Found,
) -> anyhow::Result<()> {
    if let Storage::External(external) = storage {
        found.versions.extend(external.versions().await?);
    }
    let mut operations = Operation::COMPARED.to_vec();
    operations.retain(|operation| settings.measures(operation.part()));
    let disturbs = beside::chosen(settings);
    let overloads = settings.measures(Part::Overload);
    if !operations.is_empty() || costs::chosen(settings) || disturbs || overloads {
        let Settings { projects, .. } = settings;
        eprintln!("Making {projects} projects of one tenant ({})", storage.stores().name());
        let seed = Seed::make(storage, places, "seed", *projects).await.context("the data")?;
        let seed = Arc::new(seed);
        if !operations.is_empty() {
            compare(settings, places, storage, &seed, &operations, found).await?;
        }
        found.costs.extend(costs::measure(settings, places, storage, &seed).await?);
        if disturbs {
            found.beside.extend(beside::measure(settings, places, storage, &seed).await?);
        }
        if overloads {
            let overload = overload::measure(settings, places, storage, &seed).await;
            found.overload.extend(overload.context("overload")?);
        }
    }
    if settings.measures(Part::Page) {
        let scaling = scaling::measure(settings, places, storage).await;
        found.scaling.push(scaling.context("the long list")?);
    }
    if settings.measures(Part::Deliveries) {
        let deliveries = deliveries::measure(settings, places, storage).await;
        found.deliveries.push(deliveries.context("deliveries")?);
    }
    Ok(())
}

/// Compares the servers: their starts, and then, round after round, each operation. If several
/// hosts can work on the same data, it then compares hosts.
async fn compare(
    settings: &Settings,
    places: &Places,
    storage: &Storage,
    seed: &Arc<Seed>,
    operations: &[Operation],
    found: &mut Found,
) -> anyhow::Result<()> {
    for kind in Kind::ALWAYS {
        eprintln!("Starting {}", kind.name());
        found.starts.push(start(places, storage, kind, seed).await?);
    }

    let tight = servers(places, storage, seed, Limits::TIGHT).await?;
    check::same_refusals(&tight, seed).await.context("the servers do not refuse the same")?;
    stop(tight).await?;
    let peers = Peer::all(settings, places, storage).await?;
    for round in 1..=settings.rounds {
        let mut servers = servers(places, storage, seed, Limits::AMPLE).await?;
        check::same_answers(&servers, seed).await.context("the servers do not do the same")?;
        let mut seeds = vec![seed; servers.len()];
        for peer in &peers {
            servers.push(peer.start(places, storage).await?);
            seeds.push(&peer.seed);
        }
        for operation in operations {
            for at in order::rotated(servers.len(), round) {
                let (server, seed) = (&servers[at], seeds[at]);
                if !peers::offers(server.kind, *operation) {
                    continue;
                }
                let alone = std::slice::from_ref(server);
                let figures = rate::measure(settings, seed, alone, *operation, round);
                let figures = figures.await.context(server.kind.name())?;
                eprintln!(
                    "Round {round}/{}: {}, {}: {:.0} requests/s",
                    settings.rounds,
                    operation.name(),
                    server.kind.name(),
                    figures.requests_per_second
                );
                found.measured.push(figures);
            }
        }
        stop(servers).await?;
    }
    if storage.stores() == Stores::External {
        let hosts = hosts::measure(settings, places, storage, seed, operations).await;
        found.hosts.extend(hosts.context("two hosts")?);
    }
    Ok(())
}

/// Starts one server with and without compiled code in its cache.
async fn start(
    places: &Places,
    storage: &Storage,
    kind: Kind,
    seed: &Seed,
) -> anyhow::Result<Start> {
    let data = storage.data(places, kind.name());
    storage.remove(&data).await?;
    let once = async || {
        seed.copy_to(storage, &data).await?;
        let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
        let time = server.ready().await?;
        server.stop().await?;
        anyhow::Ok(time)
    };
    // Nothing is compiled when the native server starts.
    let cold = match kind {
        Kind::Native => None,
        Kind::Fused | Kind::Composed | Kind::Spin | Kind::PocketBase => Some(once().await?),
    };
    let mut warm = Vec::new();
    for _ in 0..STARTS {
        warm.push(once().await?);
    }
    Start::new(storage.stores(), kind, cold, &warm).context("no start")
}

/// All servers, each on its own copy of the data.
async fn servers(
    places: &Places,
    storage: &Storage,
    seed: &Seed,
    limits: Limits,
) -> anyhow::Result<Vec<Server>> {
    let mut servers = Vec::new();
    for kind in Kind::ALWAYS {
        let data = storage.data(places, kind.name());
        seed.copy_to(storage, &data).await?;
        let mut server = Server::start(places, kind, &data, limits)?;
        server.ready().await?;
        servers.push(server);
    }
    Ok(servers)
}

async fn stop(servers: Vec<Server>) -> anyhow::Result<()> {
    for server in servers {
        server.stop().await?;
    }
    Ok(())
}
