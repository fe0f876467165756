//! Requests per minute: by address in memory, by identity in counters that a file follows.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use rusqlite::Connection as Sqlite;

use super::problem::{Problem, problem};
use super::tokens::Caller;

const WINDOW: u64 = 60;
const SHARDS: usize = 64;
/// How far the file may be behind the counters.
const BEHIND: Duration = Duration::from_millis(50);

/// What is left in a bucket.
#[derive(Clone, Copy)]
pub(super) struct Quota {
    limit: u64,
    remaining: u64,
    reset: u64,
}

impl Quota {
    /// The `X-RateLimit-*` headers.
    pub(super) fn headers(self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(self.reset));
    }

    fn admit(
        limit: u64,
        used: u64,
        window: u64,
        tightest: &mut Option<Self>,
    ) -> Result<(), Problem> {
        let quota =
            Self { limit, remaining: limit.saturating_sub(used), reset: (window + 1) * WINDOW };
        if used > limit || tightest.is_none_or(|tightest| quota.remaining < tightest.remaining) {
            *tightest = Some(quota);
        }
        if used > limit {
            return Err(problem(
                429,
                "rate_limit_exceeded",
                format!("More than {limit} requests in a minute."),
            ));
        }
        Ok(())
    }
}

/// Requests of each address in the running minute.
#[derive(Default)]
pub(super) struct Addresses(Mutex<(u64, HashMap<IpAddr, u64>)>);

impl Addresses {
    /// Counts one.
    pub(super) fn count(
        &self,
        address: IpAddr,
        limit: u64,
        now: u64,
        quota: &mut Option<Quota>,
    ) -> Result<(), Problem> {
        let window = now / 1000 / WINDOW;
        let used = {
            let (current, counts) = &mut *self.0.lock();
            if *current != window {
                *current = window;
                counts.clear();
            }
            let used = counts.entry(address).or_default();
            *used += 1;
            *used
        };
        Quota::admit(limit, used, window, quota)
    }
}

/// Requests of each identity and class.
pub(super) struct Identities(Arc<Counters>);

struct Counters {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    counts: HashMap<String, u64>,
    dirty: HashSet<String>,
}

impl Identities {
    /// Reads the file and starts the thread that follows.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = Sqlite::open(path)?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "NORMAL")?;
        file.execute_batch("CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID")?;
        let shards = std::array::from_fn(|_| Mutex::default());
        let counters = Arc::new(Counters { shards, hasher: RandomState::new() });
        let follower = counters.clone();
        std::thread::Builder::new().name("limits".to_owned()).spawn(move || {
            loop {
                std::thread::sleep(BEHIND);
                if let Err(error) = follower.write(&file) {
                    eprintln!("limits: {error}");
                }
            }
        })?;
        Ok(Self(counters))
    }

    /// Counts one.
    pub(super) fn count(
        &self,
        class: &str,
        caller: &Caller,
        limit: u64,
        now: u64,
        quota: &mut Option<Quota>,
    ) -> Result<(), Problem> {
        let window = now / 1000 / WINDOW;
        let key = format!("{class}:{}:{}:{window}", caller.tenant, caller.id);
        let used = {
            let shard = self.0.hasher.hash_one(&key) as usize % SHARDS;
            let Shard { counts, dirty } = &mut *self.0.shards[shard].lock();
            if !dirty.contains(&key) {
                dirty.insert(key.clone());
            }
            let used = counts.entry(key).or_default();
            *used += 1;
            *used
        };
        Quota::admit(limit, used, window, quota)
    }
}

impl Counters {
    fn write(&self, file: &Sqlite) -> rusqlite::Result<()> {
        let mut changes = Vec::new();
        for shard in &self.shards {
            let Shard { counts, dirty } = &mut *shard.lock();
            changes
                .extend(dirty.drain().filter_map(|key| counts.get(&key).map(|used| (*used, key))));
        }
        for (used, key) in changes {
            file.prepare_cached("INSERT OR REPLACE INTO counts (key, used) VALUES (?1, ?2)")?
                .execute((key, i64::try_from(used).unwrap_or(i64::MAX)))?;
        }
        Ok(())
    }
}
