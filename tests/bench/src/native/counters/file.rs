//! Counters in memory, which a file follows.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection as Sqlite;

const SHARDS: usize = 64;
/// How far the file may be behind the counters.
const BEHIND: Duration = Duration::from_millis(50);

/// The counters of this process.
pub(in crate::native) struct File(Arc<Shards>);

struct Shards {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    counts: HashMap<String, u64>,
    dirty: HashSet<String>,
}

impl File {
    /// Reads the file and starts the thread that follows.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = Sqlite::open(path)?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "NORMAL")?;
        file.execute_batch("CREATE TABLE IF NOT EXISTS counts (key TEXT PRIMARY KEY, used INTEGER NOT NULL) WITHOUT ROWID")?;
        let shards = std::array::from_fn(|_| Mutex::default());
        let counters = Arc::new(Shards { shards, hasher: RandomState::new() });
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
    pub(super) fn count(&self, key: String) -> u64 {
        let shard = self.0.hasher.hash_one(&key) as usize % SHARDS;
        let Shard { counts, dirty } = &mut *self.0.shards[shard].lock();
        if !dirty.contains(&key) {
            dirty.insert(key.clone());
        }
        let used = counts.entry(key).or_default();
        *used += 1;
        *used
    }
}

impl Shards {
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
