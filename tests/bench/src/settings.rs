//! The settings of a run, from the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::storage::Choice;

/// What is measured, or left out, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// One project of all, at random.
    PointRead,
    /// The first 20 projects.
    List,
    /// A new project: row, audit entry and event in one durable transaction.
    Create,
    /// What the rate limits cost a point read.
    Limits,
    /// What an Idempotency-Key costs a create, and how fast it is answered again.
    Idempotency,
    /// What others notice of a burst of sign-ins.
    SignIns,
    /// 20 projects from the middle, latest first: of a long list compared with a short one.
    Page,
    /// How many webhooks are delivered, how soon, beside a slow receiver and out of a long queue.
    Deliveries,
}

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
    /// Events that wait in the long queue of an endpoint.
    #[arg(long, default_value = "100000", value_parser = clap::value_parser!(u64).range(20_000..=10_000_000))]
    pub(crate) events: u64,
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
    /// Measure only this; may be repeated.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) only: Vec<Part>,
    /// Do not measure this; may be repeated.
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) skip: Vec<Part>,
    /// Where the workspace is: spin.toml and target/.
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub(crate) workspace: PathBuf,
    /// The runner, instead of `tenantry` beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) host: Option<PathBuf>,
}

impl Settings {
    /// Whether a part is to be measured.
    pub(crate) fn measures(&self, part: Part) -> bool {
        (self.only.is_empty() || self.only.contains(&part)) && !self.skip.contains(&part)
    }
}
