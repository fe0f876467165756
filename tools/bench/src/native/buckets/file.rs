//! Buckets in memory, which are saved to a file with a delay.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::Connection as Sqlite;

use crate::native::limits::{Quota, Taken};
use crate::native::moment::micros;

const SHARDS: usize = 64;
/// The longest delay of the file behind the buckets.
const BEHIND: Duration = Duration::from_millis(50);

/// The buckets of this process.
pub(in crate::native) struct File(Arc<Shards>);

struct Shards {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct Shard {
    /// The time when each bucket is full again.
    full_at: HashMap<String, u64>,
    dirty: HashSet<String>,
}

impl File {
    /// Reads the file and starts the thread that saves the buckets.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut file = Sqlite::open(path)?;
        file.pragma_update(None, "journal_mode", "WAL")?;
        file.pragma_update(None, "synchronous", "NORMAL")?;
        file.execute_batch("CREATE TABLE IF NOT EXISTS buckets (key TEXT PRIMARY KEY, full_at INTEGER NOT NULL) WITHOUT ROWID")?;
        let shards = std::array::from_fn(|_| Mutex::default());
        let buckets = Arc::new(Shards { shards, hasher: RandomState::new() });
        buckets.read(&file)?;
        let follower = buckets.clone();
        std::thread::Builder::new().name("limits".to_owned()).spawn(move || {
            for round in 0_usize.. {
                std::thread::sleep(BEHIND);
                follower.sweep(round % SHARDS);
                if let Err(error) = follower.write(&mut file) {
                    eprintln!("limits: {error}");
                }
            }
        })?;
        Ok(Self(buckets))
    }

    /// Takes one unit.
    pub(super) fn take(&self, key: String, quota: Quota) -> Taken {
        let Shard { full_at, dirty } = &mut *self.0.shard(&key).lock();
        let held = full_at.get(&key).copied().unwrap_or_default();
        let mut moved = held;
        let taken = quota.take(&mut moved, micros());
        if moved != held {
            match full_at.get_mut(&key) {
                Some(held) => *held = moved,
                None => drop(full_at.insert(key.clone(), moved)),
            }
            if !dirty.contains(&key) {
                dirty.insert(key);
            }
        }
        taken
    }
}

impl Shards {
    fn shard(&self, key: &str) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    fn read(&self, file: &Sqlite) -> rusqlite::Result<()> {
        let mut statement = file.prepare("SELECT key, full_at FROM buckets")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (key, full_at): (String, i64) = (row.get(0)?, row.get(1)?);
            self.shard(&key).lock().full_at.insert(key, full_at.cast_unsigned());
        }
        Ok(())
    }

    /// Forgets the buckets of a shard that are full.
    fn sweep(&self, shard: usize) {
        let Shard { full_at, dirty } = &mut *self.shards[shard].lock();
        let now = micros();
        dirty.extend(full_at.extract_if(|_, full_at| *full_at <= now).map(|(key, _)| key));
    }

    fn write(&self, file: &mut Sqlite) -> rusqlite::Result<()> {
        let mut changes = Vec::new();
        for shard in &self.shards {
            let Shard { full_at, dirty } = &mut *shard.lock();
            changes.extend(dirty.drain().map(|key| (full_at.get(&key).copied(), key)));
        }
        if changes.is_empty() {
            return Ok(());
        }
        let transaction = file.transaction()?;
        for (full_at, key) in changes {
            match full_at {
                Some(full_at) => transaction
                    .prepare_cached(
                        "INSERT OR REPLACE INTO buckets (key, full_at) VALUES (?1, ?2)",
                    )?
                    .execute((key, full_at.cast_signed()))?,
                None => transaction
                    .prepare_cached("DELETE FROM buckets WHERE key = ?1")?
                    .execute([key])?,
            };
        }
        transaction.commit()
    }
}
