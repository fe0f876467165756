//! Redis: the store that several hosts share. Keys and values have the same form as on Spin, so
//! both may use one database. All requests share one connection, which is made again when it
//! breaks. Each operation except listing the keys takes one round trip.
//!
//! A value that may expire ([`protocol::entry`]) gets a time to live, computed with the clock of
//! this host. So no value expires too early if that clock differs from the server's.

use super::backend::{self, Answer, KeyValue};
use anyhow::Context as _;
use gateway::limits::{BucketRequest, Decision};
use prometheus_client::metrics::counter::Counter;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, Client, FromRedisValue, RedisError, Script};
use std::time::Duration;
use tokio::sync::OnceCell;

/// The timeout of connecting, and of an answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest pause between two attempts to connect again.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How many times connecting is tried again before waiting requests get an error.
const RETRIES: usize = 2;
/// How many keys one `SCAN` looks at.
const BATCH: usize = 1000;

/// The store.
pub(crate) struct Redis {
    client: Client,
    /// The address of the server without a password, for messages.
    server: String,
    /// The prefix of every key.
    prefix: String,
    connection: OnceCell<ConnectionManager>,
    failures: Counter,
    swap: Script,
    take: Script,
}

impl Redis {
    /// Does not connect before the first use.
    pub(crate) fn new(url: &str, prefix: &str, failures: Counter) -> anyhow::Result<Self> {
        let client = Client::open(url).context(
            "url is not a Redis URL: write redis://[user:password@]host[:port][/database], \
             or rediss:// for TLS",
        )?;
        Ok(Self {
            server: client.get_connection_info().addr().to_string(),
            client,
            prefix: prefix.to_owned(),
            connection: OnceCell::new(),
            failures,
            swap: Script::new(SWAP),
            take: Script::new(TAKE),
        })
    }

    async fn connection(&self) -> Result<ConnectionManager, String> {
        let connect = || {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(TIMEOUT))
                .set_response_timeout(Some(TIMEOUT))
                .set_max_delay(RETRY_PAUSE)
                .set_number_of_retries(RETRIES);
            ConnectionManager::new_with_config(self.client.clone(), config)
        };
        let held = self.connection.get_or_try_init(connect).await;
        held.cloned().map_err(|error| self.count_failure(&error))
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    fn count_failure(&self, error: &RedisError) -> String {
        self.failures.inc();
        format!("Redis at {}: {error}", self.server)
    }

    /// Runs a command that may run twice. If the connection breaks before the reply, then it is
    /// sent again.
    async fn repeatable<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, String> {
        let mut connection = self.connection().await?;
        match command.query_async(&mut connection).await {
            Err(error) if error.is_connection_dropped() => command
                .query_async(&mut connection)
                .await
                .map_err(|error| self.count_failure(&error)),
            answer => answer.map_err(|error| self.count_failure(&error)),
        }
    }
}

/// Compare-and-swap: sets `KEYS[1]` to `ARGV[3]` if it holds `ARGV[2]`. If `ARGV[1]` is 0, then the
/// key must be absent instead.
const SWAP: &str = "
local held = redis.call('GET', KEYS[1])
if ARGV[1] == '0' then
    if held then return 0 end
elseif held ~= ARGV[2] then
    return 0
end
if ARGV[4] == '' then
    redis.call('SET', KEYS[1], ARGV[3])
else
    redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
end
return 1";

/// `gateway::limits::BucketRequest::decide` as a script, by the clock of the server, which all hosts
/// share. Takes `ARGV[1]` from the bucket `KEYS[1]` of capacity `ARGV[2]`, both in microseconds.
/// Returns whether there was enough, and how long it takes until the bucket is full again. Numbers
/// of a script are exact up to 2^53, which microseconds reach in the year 2255.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local price, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])
local held = redis.call('GET', KEYS[1])
local full = held and tonumber(string.match(held, '\"full_at\":(%d+)')) or now
local empty = now + capacity
local mend = full > empty
full = math.min(math.max(full, now), empty)
local admitted = full + price <= empty
if admitted then full = full + price elseif not mend then return {0, full - now} end
local ms = math.ceil(full / 1000)
local value = string.format('{\"expires_at\":%.0f,\"full_at\":%.0f}', ms, full)
redis.call('SET', KEYS[1], value, 'PX', math.max(1, math.ceil((full - now) / 1000)))
return {admitted and 1 or 0, full - now}";

impl KeyValue for Redis {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        Box::pin(async move { self.repeatable(redis::cmd("GET").arg(self.key(key))).await })
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("SET");
            command.arg(self.key(key)).arg(value.as_slice());
            if let Some(rest) = time_to_live(&value) {
                command.arg("PX").arg(rest);
            }
            self.repeatable(&command).await
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        Box::pin(async move { self.repeatable(redis::cmd("DEL").arg(self.key(key))).await })
    }

    fn exists<'a>(&'a self, key: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { self.repeatable(redis::cmd("EXISTS").arg(self.key(key))).await })
    }

    fn keys(&self) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            let mut connection = self.connection().await?;
            let mut keys = Vec::new();
            let options = redis::ScanOptions::default()
                .with_pattern(format!("{}*", glob(&self.prefix)))
                .with_count(BATCH);
            let mut scan = connection
                .scan_options::<String>(options)
                .await
                .map_err(|error| self.count_failure(&error))?;
            while let Some(key) = scan.next_item().await {
                let key = key.map_err(|error| self.count_failure(&error))?;
                keys.push(key[self.prefix.len()..].to_owned());
            }
            Ok(keys)
        })
    }

    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Answer<'a, i64> {
        Box::pin(async move {
            let mut connection = self.connection().await?;
            let command = redis::Cmd::incr(self.key(key), delta);
            command.query_async(&mut connection).await.map_err(|error| self.count_failure(&error))
        })
    }

    fn take<'a>(&'a self, key: &'a str, request: BucketRequest) -> Answer<'a, Decision> {
        Box::pin(async move {
            let mut connection = self.connection().await?;
            let mut call = self.take.key(self.key(key));
            call.arg(request.increment).arg(request.capacity);
            let mut answer = call.invoke_async(&mut connection).await;
            if matches!(&answer, Err(error) if error.is_connection_dropped()) {
                // The first call may have taken already. Taking twice only causes a refusal a
                // little too early.
                answer = call.invoke_async(&mut connection).await;
            }
            let (admitted, fill) = answer.map_err(|error| self.count_failure(&error))?;
            Ok(Decision { admitted, fill })
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<'a, bool> {
        Box::pin(async move {
            let rest = time_to_live(&value).map_or_else(String::new, |rest| rest.to_string());
            let mut connection = self.connection().await?;
            let mut call = self.swap.key(self.key(key));
            call.arg(i32::from(expected.is_some()))
                .arg(expected.unwrap_or_default())
                .arg(value)
                .arg(rest);
            call.invoke_async(&mut connection).await.map_err(|error| self.count_failure(&error))
        })
    }

    fn check(&self) -> Answer<'_, ()> {
        Box::pin(async move { self.repeatable(&redis::cmd("PING")).await.map(|_: String| ()) })
    }

    fn close(&self) -> Answer<'_, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The time until a value may be dropped, in milliseconds, at least 1; `None` means never.
fn time_to_live(value: &[u8]) -> Option<u64> {
    Some(protocol::entry::expires_at(value)?.saturating_sub(backend::now()).max(1))
}

/// Escapes a prefix, so that it matches itself as a pattern.
fn glob(prefix: &str) -> String {
    prefix
        .chars()
        .flat_map(|c| [r"*?[]\^-".contains(c).then_some('\\'), Some(c)])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::limits::{Quota, decode, encode};

    /// A store with its own prefix on the test server.
    ///
    /// # Panics
    /// If there is no server. Then `scripts/test` leaves these tests out, and says so.
    async fn store() -> Redis {
        let url = std::env::var("REDIS_URL").unwrap_or("redis://127.0.0.1:6379".to_owned());
        let mut noise = [0; 8];
        getrandom::fill(&mut noise).expect("randomness");
        let store =
            Redis::new(&url, &format!("test*{noise:x?}:"), Counter::default()).expect("a URL");
        let there = store.check().await;
        there.unwrap_or_else(|why| panic!("this needs Redis (scripts/stores): {why}"));
        store
    }

    async fn ttl(store: &Redis, key: &str) -> i64 {
        store.repeatable(redis::cmd("PTTL").arg(store.key(key))).await.expect("an answer")
    }

    fn in_a_minute() -> u64 {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_millis();
        u64::try_from(now).expect("a time") + 60_000
    }

    #[tokio::test]
    async fn values_are_kept_until_they_expire() {
        let store = store().await;
        assert_eq!(store.get("k").await, Ok(None));
        store.set("k", b"plain".to_vec()).await.expect("set");
        assert_eq!(store.get("k").await, Ok(Some(b"plain".to_vec())));
        assert_eq!(ttl(&store, "k").await, -1);
        let value = format!("{{\"expires_at\":{}}}", in_a_minute()).into_bytes();
        store.set("k", value).await.expect("set");
        assert!((1..=60_000).contains(&ttl(&store, "k").await));
        assert_eq!(store.keys().await, Ok(vec!["k".to_owned()]));
        store.delete("k").await.expect("delete");
        assert_eq!(store.exists("k").await, Ok(false));
    }

    #[tokio::test]
    async fn one_of_many_swaps_wins() {
        let store = store().await;
        let attempts = (0..32).map(|n| store.swap("s", None, vec![n]));
        let won = futures_util::future::join_all(attempts).await;
        assert_eq!(won.iter().filter(|won| **won == Ok(true)).count(), 1);
        let held = store.get("s").await.expect("get");
        assert_eq!(store.swap("s", Some(vec![255]), vec![1]).await, Ok(false));
        assert_eq!(store.swap("s", held, b"next".to_vec()).await, Ok(true));
        assert_eq!(store.swap("none", Some(Vec::new()), vec![1]).await, Ok(false));
        store.delete("s").await.expect("delete");
    }

    #[tokio::test]
    async fn counters_lose_nothing() {
        let store = store().await;
        let attempts = (0..64).map(|_| store.increment("c", 1));
        let mut sums: Vec<_> = futures_util::future::join_all(attempts).await;
        sums.sort();
        assert_eq!(sums, (1..=64).map(Ok).collect::<Vec<_>>());
        assert_eq!(store.increment("c", -2).await, Ok(62));
        store.delete("c").await.expect("delete");
    }

    /// The script and `BucketRequest::decide` must implement the same rule.
    #[tokio::test]
    async fn buckets_admit_what_they_hold_and_expire() {
        let store = store().await;
        let quota = Quota { per_minute: 60, burst: 20 };
        let attempts = (0..64).map(|_| store.take("b", BucketRequest::new(quota, 1)));
        let taken = futures_util::future::join_all(attempts).await;
        let admitted = taken.iter().filter(|taken| matches!(taken, Ok(it) if it.admitted));
        assert_eq!(admitted.count(), 20);
        let held = store.get("b").await.expect("get").expect("a bucket");
        let full_at = decode(&held).expect("a moment");
        assert!((full_at / 1000).abs_diff(backend::now() + 20_000) < 2_000);
        assert!((1..=20_000).contains(&ttl(&store, "b").await));
        let refused = store.take("b", BucketRequest::new(quota, 1)).await.expect("an answer");
        assert!(!refused.admitted && (19_000_000..=20_000_000).contains(&refused.fill));
        assert_eq!(store.get("b").await, Ok(Some(held)), "a refusal writes nothing");
        // These are values of another host. The first comes from a clock that was far ahead.
        let ahead = encode(full_at + 3_600_000_000, "x", None);
        store.set("b", ahead).await.expect("set");
        let refused = store.take("b", BucketRequest::new(quota, 1)).await.expect("an answer");
        assert_eq!((refused.admitted, refused.fill), (false, 20_000_000));
        store.set("b", encode(1, "x", None)).await.expect("set");
        let first = store.take("b", BucketRequest::new(quota, 5)).await.expect("an answer");
        assert_eq!((first.admitted, first.fill), (true, 5_000_000));
        store.delete("b").await.expect("delete");
    }
}
