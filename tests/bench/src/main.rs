//! Measures what the sandbox costs: the same requests, over the same data, against a native
//! server and against `tenantry` in both placements, in one run.
//!
//! `native/` is the baseline, written as one would write this service without Tenantry.
//! `scaling.rs` compares a page of a long list with one of a short list, on one server,
//! `hosts.rs` two hosts with one. `storage.rs` is where all of them keep their data,
//! `external.rs` what a run makes for that in PostgreSQL and Redis, `data/` the data.
//! `run.rs` is the sequence of a run, `load.rs` the clients, `check.rs` the proof that all
//! servers give the same answers, `report.rs` what is kept, `table.rs` what is printed.

mod check;
mod client;
mod data;
mod external;
mod hosts;
mod load;
mod machine;
mod native;
mod process;
mod report;
mod run;
mod scaling;
mod storage;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use storage::Choice;

/// The one of `tenantry`, so that the servers differ in their work alone.
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

const HELP: &str = "\
What is measured:
  native     hyper with the same stores, doing what the gateway and the function do
  fused      tenantry up --gateway fused
  composed   tenantry up --gateway composed, as on Spin

On what (--stores):
  embedded   SQLite and the embedded key-value store
  external   PostgreSQL and Redis, in databases, roles and keys tenantry_bench_<process>,
             which are gone when the run ends, also by an error, Ctrl-C or SIGTERM

Each round starts all three on a fresh copy of the same database and then, for a point read,
a list of 20 and a create (one durable commit each), loads them one after the other. The best
round of each counts; `of each round` compares within a round, where a busy neighbour disturbs
both. Clients and server share this machine, so look at the ratios, at the
server's CPU time per request, and at how far the rounds agree; close what else is running.
The CPU time of PostgreSQL and Redis is not counted.
Any answer but the expected one ends the run: there are no figures of errors.

With external stores, two fused servers on the same data then answer point reads and creates,
against one of them; the clients' connections are split between both.

Then two fused servers, one with 10,000 projects of one tenant and one with --rows, answer one
connection in turns: a page of 20 from the middle, latest first, by cursor. The ratio of the
two medians tells whether a page costs more when the list is long.

Examples:
  scripts/bench                          build everything, measure for about two minutes
  scripts/bench --seconds 2 --rounds 1   a first impression
  scripts/bench --only create            one operation
  scripts/bench --only page              the long list alone
  scripts/bench --stores all             on SQLite, then on PostgreSQL and Redis

Files:
  target/bench.json          the result: date, versions, machine, parameters, every figure
  target/bench/              embedded databases, caches and logs of the servers";

/// How to measure.
#[derive(Args)]
pub(crate) struct Settings {
    /// Length of one measurement.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Load before each measurement that is not counted.
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) warm: u64,
    /// How often everything is measured; the best counts.
    #[arg(long, default_value = "2", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) rounds: u64,
    /// Kept-alive connections, one request at a time on each.
    #[arg(long, default_value = "32", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) connections: u64,
    /// Projects in the database before the first request.
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u64).range(21..=10_000_000))]
    pub(crate) projects: u64,
    /// Projects of the long list.
    #[arg(long, default_value = "1000000", value_parser = clap::value_parser!(u64).range(20_000..=10_000_000))]
    pub(crate) rows: u64,
    /// Where the servers keep their data.
    #[arg(long, value_enum, default_value = "embedded")]
    pub(crate) stores: Choice,
    /// PostgreSQL for external stores, by a role that may make databases and roles.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "postgres://postgres@127.0.0.1:5432/postgres",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: String,
    /// Redis for external stores.
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) redis_url: String,
    /// Measure only this operation; may be repeated.
    #[arg(long, value_enum, value_name = "OPERATION")]
    pub(crate) only: Vec<load::Operation>,
    /// Where the workspace is: spin.toml and target/.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) workspace: PathBuf,
    /// The runner, instead of `tenantry` beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) host: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the native baseline, until it is killed.
    ServeNative {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// The data directory, with the `sqlite.db` that `tenantry` made.
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        external: Option<native::External>,
        /// Requests of an identity and class: so many per minute, or `150;burst=300`; 0 is no
        /// limit.
        #[arg(long, default_value = "150")]
        limit: native::Quota,
        /// Requests of an address.
        #[arg(long, default_value = "600")]
        address_limit: native::Quota,
    },
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
