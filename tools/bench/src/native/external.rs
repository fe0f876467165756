//! The choice of stores on the command line.

use clap::Args;

/// Stores that several servers share, in place of the files.
#[derive(Args)]
pub(crate) struct External {
    /// The URL of PostgreSQL, with the role of the functions.
    #[arg(long, value_name = "URL", required = false, requires = "redis_url")]
    pub(super) postgres_url: String,
    /// Maximum number of connections to PostgreSQL.
    #[arg(long, default_value = "32", value_name = "COUNT")]
    pub(super) connections: usize,
    /// The URL of Redis.
    #[arg(long, value_name = "URL", required = false, requires = "postgres_url")]
    pub(super) redis_url: String,
    /// A prefix of every key in Redis.
    #[arg(long, default_value = "")]
    pub(super) redis_prefix: String,
}
