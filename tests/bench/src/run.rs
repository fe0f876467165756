//! The sequence of a run: make the data, measure the starts, compare the answers, then
//! round after round each operation on each server; at last the long list.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use crate::check;
use crate::data::Seed;
use crate::load::{Load, Operation};
use crate::machine::{self, Machine};
use crate::process::{Kind, Places, Server};
use crate::report::{self, Measured, Report, Start};
use crate::{Settings, scaling, table};

/// The fastest of so many starts counts.
const STARTS: usize = 5;

/// Measures everything, prints the table and writes the file.
///
/// # Errors
/// What is missing or did not answer as it should, in one sentence.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let places = Places::find(settings)?;
    let machine = Machine::look();
    let chosen =
        |operation: &Operation| settings.only.is_empty() || settings.only.contains(operation);
    let mut operations = Operation::COMPARED.to_vec();
    operations.retain(chosen);
    let (mut starts, mut measured) = (Vec::new(), Vec::new());
    if !operations.is_empty() {
        (starts, measured) = compare(settings, &places, &operations).await?;
    }
    let scaling = match chosen(&Operation::Page) {
        true => Some(scaling::measure(settings, &places).await.context("the long list")?),
        false => None,
    };

    let report = Report {
        date: report::today(),
        parameters: report::Parameters::of(settings),
        machine,
        versions: machine::versions(&places.workspace, &places.host).into_iter().collect(),
        wasm_bytes: report::sizes(&places.workspace)?,
        starts,
        summary: report::Summary::of(&measured),
        scaling,
        measured,
    };
    report.write(&places.workspace.join("target").join("bench.json"))?;
    println!("{}", table::markdown(&report));
    Ok(())
}

/// Compares the servers: their starts, then round after round each operation.
async fn compare(
    settings: &Settings,
    places: &Places,
    operations: &[Operation],
) -> anyhow::Result<(Vec<Start>, Vec<Measured>)> {
    eprintln!("Making {} projects of one tenant", settings.projects);
    let seed = Seed::make(places, "seed", settings.projects).await.context("the data")?;
    let seed = Arc::new(seed);

    let mut starts = Vec::new();
    for kind in Kind::ALL {
        eprintln!("Starting {}", kind.name());
        starts.push(start(places, kind, &seed).await?);
    }

    let mut measured = Vec::new();
    for round in 1..=settings.rounds {
        let servers = servers(places, &seed).await?;
        check::same_answers(&servers, &seed).await.context("the servers do not do the same")?;
        for operation in operations {
            for server in &servers {
                let figures = measure(settings, &seed, server, *operation, round);
                let figures = figures.await.context(server.kind.name())?;
                eprintln!(
                    "Round {round}/{}: {}, {}: {:.0} requests/s",
                    settings.rounds,
                    operation.name(),
                    server.kind.name(),
                    figures.requests_per_second
                );
                measured.push(figures);
            }
        }
        for server in servers {
            server.stop().await?;
        }
    }
    Ok((starts, measured))
}

/// Starts one server with and without compiled code in its cache.
async fn start(places: &Places, kind: Kind, seed: &Seed) -> anyhow::Result<Start> {
    let data = places.fresh(kind.name())?;
    let once = async || {
        seed.copy_to(&data)?;
        let mut server = Server::start(places, kind, &data)?;
        let time = server.ready().await?;
        server.stop().await?;
        anyhow::Ok(time)
    };
    // Nothing is compiled when the native server starts.
    let cold = match kind {
        Kind::Native => None,
        Kind::Fused | Kind::Composed => Some(once().await?),
    };
    let mut warm = Duration::MAX;
    for _ in 0..STARTS {
        warm = warm.min(once().await?);
    }
    Ok(Start::new(kind, cold, warm))
}

/// All servers, each over its own copy of the data.
async fn servers(places: &Places, seed: &Seed) -> anyhow::Result<Vec<Server>> {
    let mut servers = Vec::new();
    for kind in Kind::ALL {
        let data = places.data(kind.name());
        seed.copy_to(&data)?;
        let mut server = Server::start(places, kind, &data)?;
        server.ready().await?;
        servers.push(server);
    }
    Ok(servers)
}

async fn measure(
    settings: &Settings,
    seed: &Arc<Seed>,
    server: &Server,
    operation: Operation,
    round: u64,
) -> anyhow::Result<Measured> {
    let load = Load {
        address: server.address(),
        seed: seed.clone(),
        operation,
        connections: settings.connections,
        warm: Duration::from_secs(settings.warm),
        time: Duration::from_secs(settings.seconds),
    };
    let (latencies, before) = load.run(|| server.cpu_time()).await?;
    let cpu = server.cpu_time().saturating_sub(before);
    anyhow::ensure!(!latencies.is_empty(), "{}: no answer in time", operation.name());
    Ok(Measured::new(operation, server.kind, round, load.time, cpu, &latencies))
}
