//! Measures what the sandbox costs: the same requests, over the same data, against a native
//! server and against `tenantry` in both placements, in one run.
//!
//! `native/` is the baseline, written as one would write this service without Tenantry.
//! `costs/` compares a placement with itself: with and without limits, with and without
//! idempotency keys. `scaling.rs` compares a page of a long list with one of a short list, on
//! one server, `hosts.rs` two hosts with one, `sign_ins.rs` reads beside a burst of sign-ins with
//! reads alone. `deliveries/` is about webhooks. `storage.rs` is where all of them keep their data,
//! `external.rs` what a run makes for that in PostgreSQL and Redis, `data/` the data.
//! `run.rs` is the sequence of a run, `load.rs` the clients, `check.rs` the proof that all
//! servers give the same answers, `report.rs` what is kept, `table.rs` what is printed.

mod check;
mod client;
mod costs;
mod data;
mod deliveries;
mod external;
mod hosts;
mod load;
mod machine;
mod native;
mod process;
mod report;
mod run;
mod scaling;
mod settings;
mod sign_ins;
mod storage;
mod table;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub(crate) use settings::Settings;

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

Then, for fused and for composed, round after round and in turns on the same data:
  limits        point reads with the rate limits, against a server without (variables 0)
  idempotency   creates with a fresh Idempotency-Key, against creates without one
  replays       one create with its key over and over, answered from the store, against point
                reads
The ratio is that of the requests/s with all connections. The µs are what a request takes longer
on a single connection, where nothing queues: the difference of the two median latencies, the
median of all turns.

Then, for fused and for composed, 4 connections read alone and beside 100 sign-ins at once, in
turns (sign-ins). A sign-in hashes a password, which takes a core; the ratio of the two p99 tells
what others notice.

Then two fused servers, one with 10,000 projects of one tenant and one with --rows, answer one
connection in turns: a page of 20 from the middle, latest first, by cursor. The ratio of the
two medians tells whether a page costs more when the list is long.

Then webhooks, to receivers in this process (deliveries):
  - What waits for 1 endpoint, and for 20, is delivered, fused and composed in turns: from the
    request that wakes the first of them to the last receipt.
  - Projects are created at a slow and at a brisk pace: from the answer to one, which is behind
    its commit, to the receipt of its event by 1 endpoint.
  - The same to 99 of 100 endpoints, fused, with the other one slow and not, in turns.
  - Events read, delivered and appended per second by two fused servers in turns: one where some
    thousand events wait for an endpoint, one where --events do. Each create appends two.

Examples:
  scripts/bench                          build everything, measure for about ten minutes
  scripts/bench --seconds 2 --rounds 1   a first impression
  scripts/bench --only create            one operation
  scripts/bench --only sign-ins          what others notice of a burst of sign-ins
  scripts/bench --only page              the long list alone
  scripts/bench --only deliveries        webhooks alone
  scripts/bench --only limits --only idempotency
                                         what these two cost a request
  scripts/bench --skip page              all but the long list
  scripts/bench --stores all             on SQLite, then on PostgreSQL and Redis

Files:
  target/bench.json          the result: date, versions, machine, parameters, every figure
  target/bench/              embedded databases, caches and logs of the servers";

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
