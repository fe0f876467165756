//! Measures the cost of the sandbox: the same requests, on the same data, against a native server
//! and against `tenantry` in both placements, in one run.
//!
//! `native/` is the baseline, written as one would write this service without Tenantry. `costs/`
//! compares a placement with itself: with and without limits, with and without idempotency keys.
//! `scaling.rs` compares a page of a long list with one of a short list, on one server. `hosts.rs`
//! compares two hosts with one. `beside/` compares reads of one tenant beside what others do with
//! reads alone. `overload/` measures latency at given rates, and too much load. `deliveries/` is about
//! webhooks.
//!
//! `budget/` measures what is the same in every run, and compares it with what is allowed.
//!
//! `storage.rs` has the stores of all servers, `external.rs` the databases and keys of a run in
//! PostgreSQL and Redis, and `data/` the data. `run.rs` is the sequence of a run, and `load.rs` has
//! the clients. `rate.rs` measures the rate of an operation, `measured.rs` has the figures of a
//! round, and `summary.rs` those of all rounds: medians, with their spread (`spread.rs`).
//! `check/` proves that all servers give the same answers, `peers/` has other products, and
//! `guarantees.rs` what each of them promises with a write. `report.rs` writes the results,
//! `table.rs` prints them, and `plots/` draws them.

mod beside;
mod budget;
mod check;
mod client;
mod costs;
mod data;
mod deliveries;
mod external;
mod frame;
mod guarantees;
mod hosts;
mod kind;
mod launch;
mod load;
mod machine;
mod measured;
mod native;
mod operation;
mod order;
mod overload;
mod peers;
mod places;
mod plots;
mod process;
mod rate;
mod report;
mod run;
mod scaling;
mod settings;
mod spread;
mod storage;
mod stores;
mod summary;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use settings::Settings;

/// The allocator of `tenantry`, so that the servers differ only in their work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compares native, fused and composed: requests per second, p50, p99, and cold start.
#[derive(Parser)]
#[command(version, after_help = HELP, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

/// The text that `scripts/bench --help` also prints, before anything is built.
const HELP: &str = include_str!("../help.txt").trim_ascii_end();

#[derive(Subcommand)]
enum Command {
    /// Serves the native baseline until the process is killed.
    ServeNative {
        /// The address to listen on.
        #[arg(long)]
        listen: SocketAddr,
        /// The data directory, with the `sqlite.db` that `tenantry` made.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        external: Option<native::External>,
        /// Requests per minute of an identity and class, or `150;burst=300`; 0: no limit.
        #[arg(long, default_value = "150")]
        limit: native::Quota,
        /// The rate limit of each address.
        #[arg(long, default_value = "600")]
        address_limit: native::Quota,
    },
    /// Counts instructions, bytes and memory, and compares them with tools/bench/budget.json.
    Budget(budget::Settings),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        runtime.block_on(async {
            match cli.command {
                Some(Command::ServeNative { listen, data, external, limit, address_limit }) => {
                    native::serve(listen, &data, external.as_ref(), address_limit, limit).await
                }
                Some(Command::Budget(settings)) => budget::run(&settings).await,
                None => run::run(&cli.settings).await,
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
