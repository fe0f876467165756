//! Counters in Redis: one round trip each, on one connection that all requests share.

use std::time::Duration;

use anyhow::Context as _;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};

use crate::native::External;
use crate::native::problem::Problem;

/// How long a connection may take, and an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds one to `KEYS[1]`, which is forgotten at `ARGV[1]`.
const COUNT: &str = "
local sum = redis.call('INCRBY', KEYS[1], 1)
if sum == 1 then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
return sum";

/// The counters below a prefix.
pub(in crate::native) struct Redis {
    connection: ConnectionManager,
    count: Script,
    prefix: String,
}

impl Redis {
    /// Connects.
    pub(super) async fn open(external: &External) -> anyhow::Result<Self> {
        let client = Client::open(&*external.redis_url).context("--redis-url")?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = ConnectionManager::new_with_config(client, config).await?;
        let prefix = external.redis_prefix.clone();
        Ok(Self { connection, count: Script::new(COUNT), prefix })
    }

    /// Counts one.
    pub(super) async fn count(&self, key: &str, until: u64) -> Result<u64, Problem> {
        let mut call = self.count.key(format!("{}{key}", self.prefix));
        Ok(call.arg(until).invoke_async(&mut self.connection.clone()).await?)
    }
}
