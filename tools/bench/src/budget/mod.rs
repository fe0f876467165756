//! What a request, a function and an idle server may cost at most. It is measured in ways that give
//! the same figures in every run, on a busy machine too: instructions and not time, sizes of files,
//! and memory at rest. So a change that makes something slower or larger is seen at once.
//!
//! `budget.json` has the figures of the last change that was accepted. `figures.rs` compares them,
//! `callgrind.rs` counts instructions.

mod callgrind;
mod figures;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::data::Seed;
use crate::load::Operation;
use crate::machine;
use crate::places::Places;
use crate::process::{Kind, Limits, Server};
use crate::report;
use crate::storage::Storage;
use figures::Figures;

/// The operations whose instructions are counted.
const COUNTED: [Operation; 4] =
    [Operation::PointRead, Operation::NotModified, Operation::List, Operation::Create];
/// The projects of the tenant. More of them would not change a count.
const PROJECTS: u64 = 1_000;
/// The time after which a server that has just started is at rest.
const REST: Duration = Duration::from_secs(3);

/// The settings of the comparison.
#[derive(Args)]
pub(crate) struct Settings {
    /// Accept what was measured: write it to tools/bench/budget.json.
    #[arg(long)]
    write: bool,
    /// Print how many instructions of each operation each part of the program needs.
    #[arg(long)]
    layers: bool,
    /// The folder of the workspace, which has spin.toml and target/.
    #[arg(long, default_value = ".", value_name = "DIR")]
    workspace: PathBuf,
}

/// Measures and compares.
///
/// # Errors
/// What costs more than it may, or what could not be measured.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<()> {
    let places = Places::of(&settings.workspace, None)?;
    let file = settings.workspace.join("tools").join("bench").join("budget.json");
    let storage = Storage::Embedded;
    eprintln!("Making {PROJECTS} projects of one tenant");
    let seed = Seed::make(&storage, &places, "budget-seed", PROJECTS).await.context("the data")?;
    let mut found = Figures::default();
    for (name, bytes) in report::sizes(&settings.workspace)? {
        found.wasm_bytes.insert(name, bytes);
    }
    for kind in [Kind::Fused, Kind::Composed] {
        let bytes = idle_memory(&places, &storage, kind, &seed).await?;
        found.idle_bytes.insert(kind.name().to_owned(), bytes);
    }
    let counts = callgrind::count(&places, &storage, &seed, &COUNTED).await?;
    for (operation, count) in COUNTED.iter().zip(&counts) {
        found.instructions.insert(operation.name().to_owned(), count.instructions);
        if settings.layers {
            println!("{}", count.table(operation.name()));
        }
    }
    if settings.write {
        return found.write(&file);
    }
    let comparison = found.compare(&Figures::read(&file)?);
    println!("{}", comparison.table);
    ensure!(
        comparison.over.is_empty(),
        "{} more than it may; find out why, or accept it with scripts/budget --write",
        comparison.over.join(", ")
    );
    Ok(())
}

/// The resident memory of a server with all functions that has just started.
async fn idle_memory(
    places: &Places,
    storage: &Storage,
    kind: Kind,
    seed: &Seed,
) -> anyhow::Result<u64> {
    let data = storage.data(places, &format!("budget-{}", kind.name()));
    seed.copy_to(storage, &data).await?;
    let start = async || {
        let mut server = Server::start(places, kind, &data, Limits::AMPLE)?;
        server.ready().await?;
        anyhow::Ok(server)
    };
    eprintln!("Starting {}", kind.name());
    // The first start may compile the functions, and would keep memory of that.
    start().await?.stop().await?;
    let server = start().await?;
    tokio::time::sleep(REST).await;
    let bytes = machine::resident(server.id()).context("/proc does not tell the memory")?;
    server.stop().await?;
    Ok(bytes)
}
