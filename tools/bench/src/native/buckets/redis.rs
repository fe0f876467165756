//! Buckets in Redis: one round trip for each request, on one connection that all requests share.

use std::time::Duration;

use anyhow::Context as _;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};

use crate::native::external::External;
use crate::native::limits::{Quota, Taken};
use crate::native::problem::Problem;

/// The longest time for a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// `Quota::take`, by the clock of the server. `KEYS[1]` is the bucket, `ARGV[1]` the interval and
/// `ARGV[2]` the capacity. A bucket expires when it is full.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, empty = tonumber(ARGV[1]), now + ARGV[2]
local held = tonumber(redis.call('GET', KEYS[1]) or now)
local full = math.min(math.max(held, now), empty)
local admitted = full + interval <= empty
if admitted then full = full + interval end
if admitted or held > empty then
    local rest = math.max(1, math.ceil((full - now) / 1000))
    redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', rest)
end
return {admitted and 1 or 0, full - now}";

/// The buckets below a key prefix.
pub(in crate::native) struct Redis {
    connection: ConnectionManager,
    take: Script,
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
        Ok(Self { connection, take: Script::new(TAKE), prefix })
    }

    /// Takes one unit.
    pub(super) async fn take(&self, key: &str, quota: Quota) -> Result<Taken, Problem> {
        let mut call = self.take.key(format!("{}{key}", self.prefix));
        call.arg(quota.interval).arg(quota.capacity);
        let (admitted, fill) = call.invoke_async(&mut self.connection.clone()).await?;
        Ok(Taken { admitted, fill })
    }
}
