//! Buckets that outlive this process.

mod file;
mod redis;

use std::path::Path;

use super::external::External;
use super::limits::{Quota, Taken};
use super::problem::Problem;

/// The buckets.
pub(super) enum Buckets {
    /// Buckets of this process alone.
    File(file::File),
    /// Buckets of all processes that use the same Redis.
    Redis(redis::Redis),
}

impl Buckets {
    /// Opens the file in `data`, or the external store if one is given.
    pub(super) async fn open(data: &Path, external: Option<&External>) -> anyhow::Result<Self> {
        Ok(match external {
            None => Self::File(file::File::open(&data.join("limits.db"))?),
            Some(external) => Self::Redis(redis::Redis::open(external).await?),
        })
    }

    /// Takes one unit from a bucket.
    pub(super) async fn take(&self, key: String, quota: Quota) -> Result<Taken, Problem> {
        match self {
            Self::File(file) => Ok(file.take(key, quota)),
            Self::Redis(redis) => redis.take(&key, quota).await,
        }
    }
}
