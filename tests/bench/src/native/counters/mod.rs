//! Counters that outlive this process.

mod file;
mod redis;

use std::path::Path;

use super::External;
use super::problem::Problem;

/// The counters.
pub(super) enum Counters {
    /// Of this process alone.
    File(file::File),
    /// Of all that use the same Redis.
    Redis(redis::Redis),
}

impl Counters {
    /// Opens the file in `data`, or what is given in its place.
    pub(super) async fn open(data: &Path, external: Option<&External>) -> anyhow::Result<Self> {
        Ok(match external {
            None => Self::File(file::File::open(&data.join("limits.db"))?),
            Some(external) => Self::Redis(redis::Redis::open(external).await?),
        })
    }

    /// Counts one more; `until` is when the counter may be forgotten, in milliseconds since
    /// the Unix epoch.
    pub(super) async fn count(&self, key: String, until: u64) -> Result<u64, Problem> {
        match self {
            Self::File(file) => Ok(file.count(key)),
            Self::Redis(redis) => redis.count(&key, until).await,
        }
    }
}
