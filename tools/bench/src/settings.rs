//! The settings of a run, from the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::stores::Choice;

/// A part of the benchmark, which can be measured or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Reads of one project, chosen at random.
    PointRead,
    /// Reads of a project that the client already has: answered 304.
    NotModified,
    /// Lists of the first 20 projects.
    List,
    /// Creates of a project: row, audit entry and event in one durable transaction.
    Create,
    /// The same creates, each with an Idempotency-Key of its own.
    CreateWithKey,
    /// The cost of the rate limits for a point read.
    Limits,
    /// The cost of an Idempotency-Key for a create, and the speed of replays.
    Idempotency,
    /// The effect of a burst of sign-ins on other requests.
    SignIns,
    /// What others notice of a tenant that sends far too much.
    Flood,
    /// Latency at fixed rates, and answers under five times the maximum load.
    Overload,
    /// A page of 20 from the middle, latest first: a long list against a short one.
    Page,
    /// Rate and latency of webhooks, also with a slow receiver or a long queue.
    Deliveries,
}

/// The settings of a run.
#[derive(Args)]
pub(crate) struct Settings {
    /// Length of one measurement, in seconds.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) seconds: u64,
    /// Length of the warm-up load before each measurement, which is not counted.
    #[arg(long, default_value = "1", value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) warm: u64,
    /// Number of rounds. Each round measures everything, and the medians of all rounds count.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) rounds: u64,
    /// Number of kept-alive connections. Each carries one request at a time.
    #[arg(long, default_value = "32", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) connections: u64,
    /// Number of projects in the database before the first request.
    #[arg(long, default_value = "10000", value_parser = clap::value_parser!(u64).range(21..=10_000_000))]
    pub(crate) projects: u64,
    /// Number of projects in the long list.
    #[arg(long, default_value = "1000000", value_parser = clap::value_parser!(u64).range(20_000..=10_000_000))]
    pub(crate) rows: u64,
    /// Number of events that wait in the long queue of an endpoint.
    #[arg(long, default_value = "100000", value_parser = clap::value_parser!(u64).range(20_000..=10_000_000))]
    pub(crate) events: u64,
    /// The stores in which the servers keep their data.
    #[arg(long, value_enum, default_value = "embedded")]
    pub(crate) stores: Choice,
    /// The PostgreSQL of external stores. The role must be allowed to create databases and roles.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "postgres://postgres@127.0.0.1:5432/postgres",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: String,
    /// The Redis of external stores.
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) redis_url: String,
    /// Measure only this part; may be repeated.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) only: Vec<Part>,
    /// Do not measure this part; may be repeated.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) skip: Vec<Part>,
    /// Measure PocketBase too, on embedded stores. `scripts/bench` fetches it.
    #[arg(long)]
    pub(crate) peers: bool,
    /// A Spin to measure too, on embedded stores.
    #[arg(long, env = "SPIN_BIN", value_name = "FILE")]
    pub(crate) spin: Option<PathBuf>,
    /// Draw what was measured into this folder: ratios.svg, latency.svg and growth.svg.
    #[arg(long, value_name = "DIR")]
    pub(crate) plots: Option<PathBuf>,
    /// The folder of the workspace, which has spin.toml and target/.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) workspace: PathBuf,
    /// The runner to measure. The default is `tenantry` beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) host: Option<PathBuf>,
}

impl Settings {
    /// Whether a part is to be measured.
    pub(crate) fn measures(&self, part: Part) -> bool {
        (self.only.is_empty() || self.only.contains(&part)) && !self.skip.contains(&part)
    }
}
