//! Checks of a Redis: whether it answers, is new enough, and does not evict what it is given.

use super::finding::{Finding, clock};
use redis::aio::MultiplexedConnection;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const REMEDY: &str = "start Redis, or correct url in [key_value_store] of the runtime config";

pub(super) async fn examine(label: &str, url: &str) -> Vec<Finding> {
    let client = match redis::Client::open(url) {
        Ok(client) => client,
        Err(error) => {
            let text = format!("{label:?}: url is not a Redis URL: {error}");
            return vec![Finding::fail("key-value", text, REMEDY)];
        }
    };
    let server = client.get_connection_info().addr().to_string();
    let connected = tokio::time::timeout(TIMEOUT, client.get_multiplexed_async_connection());
    let mut connection = match connected.await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => {
            let text = format!("{label:?}: Redis at {server}: {error}");
            return vec![Finding::fail("key-value", text, REMEDY)];
        }
        Err(_) => {
            let text = format!("{label:?}: Redis at {server} does not answer");
            return vec![Finding::fail("key-value", text, REMEDY)];
        }
    };
    let mut found = vec![version(label, &server, &mut connection).await];
    found.extend(eviction(&mut connection).await);
    let time: redis::RedisResult<(i64, i64)> =
        redis::cmd("TIME").query_async(&mut connection).await;
    if let Ok((seconds, micros)) = time {
        found.push(clock("Redis", seconds * 1000 + micros / 1000));
    }
    found
}

async fn version(label: &str, server: &str, connection: &mut MultiplexedConnection) -> Finding {
    let info: redis::RedisResult<String> =
        redis::cmd("INFO").arg("server").query_async(connection).await;
    let info = match info {
        Ok(info) => info,
        Err(error) => {
            let text = format!("{label:?}: Redis at {server}: {error}");
            return Finding::fail(
                "key-value",
                text,
                "give the user the rights +@read +@write +eval",
            );
        }
    };
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("?");
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    let text = format!("{label:?}: Redis {version} at {server}");
    match (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) {
        (major, minor) if (major, minor) < (6, 2) => {
            Finding::fail("key-value", text, "use Redis 6.2 or later, which knows SET … PXAT")
        }
        _ => Finding::pass("key-value", text),
    }
}

/// Reports a Redis that evicts entries when it is full, because it would forget reservations and
/// limits.
async fn eviction(connection: &mut MultiplexedConnection) -> Option<Finding> {
    let setting: redis::RedisResult<Vec<String>> =
        redis::cmd("CONFIG").arg("GET").arg("maxmemory-policy").query_async(connection).await;
    // Hosted servers do not answer `CONFIG`.
    let policy = setting.ok()?.into_iter().nth(1)?;
    let evicts = policy.starts_with("allkeys");
    evicts.then(|| {
        Finding::warn(
            "key-value",
            format!("maxmemory-policy is {policy}: counters and reservations may vanish"),
            "CONFIG SET maxmemory-policy volatile-ttl",
        )
    })
}
