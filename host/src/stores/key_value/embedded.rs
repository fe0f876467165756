//! The embedded key-value store: a map in memory that answers, and a file that is written later.
//!
//! A write is acknowledged as soon as the map has it. A thread writes all changes to the file every
//! [`FLUSH_DELAY`], in one transaction. So `kill -9` or a power cut can lose the acknowledged
//! writes of that time. That is why the key-value store is never the authority. Data that must not
//! be lost (receipts of idempotent requests, tokens, data) is in SQL. The key-value store holds
//! data that can be rebuilt or that expires. In exchange no request waits for a disk.
//!
//! The same thread removes expired entries ([`protocol::entry`]), one shard after the other. An
//! entry is gone a minute after its expiry, so the size of the store is bounded by the entries that
//! are still valid.

use super::backend::{self, Answer, KeyValue};
use super::file::{Change, File};
use gateway::limits::{BucketRequest, Decision, decode, encode};
use parking_lot::{Condvar, Mutex};
use prometheus_client::metrics::counter::Counter;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The delay between a write to the map and the write to the file.
const FLUSH_DELAY: Duration = Duration::from_millis(50);
/// The number of locks: more than threads, so that these rarely wait for each other.
const SHARDS: usize = 64;
/// The writer sweeps a shard in one of so many rounds. All shards are swept within a minute.
const SWEEP_ROUNDS: usize = 18;

/// The store.
pub(crate) struct Embedded {
    map: Arc<Map>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
}

struct Map {
    shards: [Mutex<Shard>; SHARDS],
    hasher: RandomState,
    closing: Mutex<bool>,
    wake: Condvar,
    failed: AtomicBool,
    /// When the store was opened, by both clocks. Buckets use the one that nobody can set.
    opened: (u64, Instant),
}

#[derive(Default)]
struct Shard {
    values: HashMap<String, Vec<u8>>,
    /// Keys whose values differ from the file.
    dirty: HashSet<String>,
}

impl Embedded {
    /// Loads the file and starts the writer.
    pub(crate) fn open(
        path: &Path,
        log: crate::system::log::Sink,
        failures: Counter,
    ) -> anyhow::Result<Self> {
        let mut file = File::open(path)?;
        let map = Arc::new(Map {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            closing: Mutex::new(false),
            wake: Condvar::new(),
            failed: AtomicBool::new(false),
            opened: (backend::now() * 1000, Instant::now()),
        });
        file.load(|key, value| {
            map.shard(&key).lock().values.insert(key, value);
        })?;
        map.shards.iter().for_each(|shard| shard.lock().sweep(backend::now()));
        let writer = std::thread::Builder::new().name("key-value".to_owned()).spawn({
            let map = map.clone();
            move || map.run_writer(&mut file, &log, &failures)
        })?;
        Ok(Self { map, writer: Mutex::new(Some(writer)) })
    }

    /// Stops the writer after it has written all changes. Blocks.
    fn stop(map: &Map, writer: Option<std::thread::JoinHandle<()>>) {
        *map.closing.lock() = true;
        map.wake.notify_one();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        Self::stop(&self.map, self.writer.get_mut().take());
    }
}

impl Map {
    fn shard(&self, key: &str) -> &Mutex<Shard> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// The writer's loop.
    fn run_writer(&self, file: &mut File, log: &crate::system::log::Sink, failures: &Counter) {
        for round in 0_usize.. {
            if round % SWEEP_ROUNDS == 0 {
                self.shards[round / SWEEP_ROUNDS % SHARDS].lock().sweep(backend::now());
            }
            let closing = {
                let mut closing = self.closing.lock();
                if !*closing {
                    self.wake.wait_for(&mut closing, FLUSH_DELAY);
                }
                *closing
            };
            let changes = self.take_changes();
            if !changes.is_empty() {
                let outcome = file.write(&changes);
                self.failed.store(outcome.is_err(), Ordering::Relaxed);
                if let Err(error) = outcome {
                    failures.inc();
                    log.emit(|| tracing::error!("key-value file: {error}; will try again"));
                    self.put_back(changes);
                }
            }
            if closing {
                return;
            }
        }
    }

    /// Microseconds since the Unix epoch. The clock of the machine was read only at the opening.
    fn micros(&self) -> u64 {
        let (opened, since) = self.opened;
        opened + u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn take_changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for shard in &self.shards {
            let shard = &mut *shard.lock();
            for key in shard.dirty.drain() {
                let value = shard.values.get(&key).cloned();
                changes.push((key, value));
            }
        }
        changes
    }

    fn put_back(&self, changes: Vec<Change>) {
        for (key, _) in changes {
            self.shard(&key).lock().dirty.insert(key);
        }
    }

    /// Runs `change` on the shard of `key` and notes the key as changed if it returns true.
    fn change<T>(
        &self,
        key: &str,
        change: impl FnOnce(&mut HashMap<String, Vec<u8>>) -> (T, bool),
    ) -> T {
        let mut shard = self.shard(key).lock();
        let (answer, changed) = change(&mut shard.values);
        if changed && !shard.dirty.contains(key) {
            shard.dirty.insert(key.to_owned());
        }
        answer
    }
}

impl Shard {
    /// Removes expired entries. `now` is in milliseconds since the Unix epoch.
    fn sweep(&mut self, now: u64) {
        let expired = |value: &[u8]| protocol::entry::expires_at(value).is_some_and(|at| at <= now);
        for (key, _) in self.values.extract_if(|_, value| expired(value)) {
            self.dirty.insert(key);
        }
        // Releases memory that only a burst has needed.
        if self.values.len() < self.values.capacity() / 4 {
            self.values.shrink_to_fit();
        }
    }
}

fn now<'a, T: Send + 'a>(answer: Result<T, String>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl KeyValue for Embedded {
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Vec<u8>>> {
        now(Ok(self.map.shard(key).lock().values.get(key).cloned()))
    }

    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> Answer<'a, ()> {
        self.map.change(key, |values| {
            match values.get_mut(key) {
                Some(held) => *held = value,
                None => drop(values.insert(key.to_owned(), value)),
            }
            ((), true)
        });
        now(Ok(()))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()> {
        self.map.change(key, |values| ((), values.remove(key).is_some()));
        now(Ok(()))
    }

    fn exists<'a>(&'a self, key: &'a str) -> Answer<'a, bool> {
        now(Ok(self.map.shard(key).lock().values.contains_key(key)))
    }

    fn keys(&self) -> Answer<'_, Vec<String>> {
        let shards = self.map.shards.iter();
        now(Ok(shards
            .flat_map(|shard| shard.lock().values.keys().cloned().collect::<Vec<_>>())
            .collect()))
    }

    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Answer<'a, i64> {
        now(self.map.change(key, |values| match values.get_mut(key) {
            None => {
                values.insert(key.to_owned(), delta.to_le_bytes().to_vec());
                (Ok(delta), true)
            }
            Some(held) => match <[u8; 8]>::try_from(held.as_slice()) {
                Ok(bytes) => {
                    let sum = i64::from_le_bytes(bytes).wrapping_add(delta);
                    held.copy_from_slice(&sum.to_le_bytes());
                    (Ok(sum), true)
                }
                Err(_) => {
                    (Err("increment of a value that is not an 8-byte counter".to_owned()), false)
                }
            },
        }))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<'a, bool> {
        now(Ok(self.map.change(key, |values| match (values.entry(key.to_owned()), expected) {
            (Entry::Vacant(place), None) => {
                place.insert(value);
                (true, true)
            }
            (Entry::Occupied(mut held), Some(expected)) if *held.get() == expected => {
                held.insert(value);
                (true, true)
            }
            _ => (false, false),
        })))
    }

    fn take<'a>(&'a self, key: &'a str, request: BucketRequest) -> Answer<'a, Decision> {
        let now_micros = self.map.micros();
        now(Ok(self.map.change(key, |values| {
            let held = values.get(key).and_then(|value| decode(value));
            let (decision, moved) = request.decide(held, now_micros);
            let Some(moved) = moved else { return (decision, false) };
            let value = encode(moved, "", None);
            match values.get_mut(key) {
                Some(held) => *held = value,
                None => drop(values.insert(key.to_owned(), value)),
            }
            (decision, true)
        })))
    }

    fn check(&self) -> Answer<'_, ()> {
        now(match self.map.failed.load(Ordering::Relaxed) {
            false => Ok(()),
            true => Err("the last write to the key-value file failed".to_owned()),
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        let (map, writer) = (self.map.clone(), self.writer.lock().take());
        Box::pin(async move {
            let stopped = tokio::task::spawn_blocking(move || {
                Self::stop(&map, writer);
                map.failed.load(Ordering::Relaxed)
            });
            match stopped.await {
                Ok(false) => Ok(()),
                Ok(true) => Err("the last writes did not reach the key-value file".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::log::Log;
    use crate::system::log::Sink;
    use gateway::limits::Quota;

    fn open(path: &Path) -> Embedded {
        let log = Sink::open(&Log::Memory(Arc::default())).expect("a log");
        Embedded::open(path, log, Counter::default()).expect("a store")
    }

    fn file() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kv.db");
        (folder, path)
    }

    #[tokio::test]
    async fn what_was_written_is_there_after_a_close() {
        let (_folder, path) = file();
        let store = open(&path);
        store.set("a", b"1".to_vec()).await.expect("set");
        store.set("b", b"2".to_vec()).await.expect("set");
        store.delete("b").await.expect("delete");
        store.close().await.expect("close");
        let store = open(&path);
        assert_eq!(store.get("a").await, Ok(Some(b"1".to_vec())));
        assert_eq!(store.exists("b").await, Ok(false));
        assert_eq!(store.keys().await, Ok(vec!["a".to_owned()]));
    }

    #[tokio::test]
    async fn swap_needs_the_expected_value() {
        let (_folder, path) = file();
        let store = open(&path);
        let (old, new) = (b"old".to_vec(), b"new".to_vec());
        assert_eq!(store.swap("k", Some(old.clone()), new.clone()).await, Ok(false));
        assert_eq!(store.swap("k", None, old.clone()).await, Ok(true));
        assert_eq!(store.swap("k", None, new.clone()).await, Ok(false));
        assert_eq!(store.swap("k", Some(old), new.clone()).await, Ok(true));
        assert_eq!(store.get("k").await, Ok(Some(new)));
    }

    #[tokio::test]
    async fn a_bucket_admits_what_it_holds_over_a_restart() {
        let (_folder, path) = file();
        let request = BucketRequest::new(Quota { per_minute: 60, burst: 3 }, 1);
        let store = open(&path);
        let mut admitted = Vec::new();
        for _ in 0..4 {
            admitted.push(store.take("b", request).await.expect("an answer").admitted);
        }
        assert_eq!(admitted, [true, true, true, false]);
        store.map.take_changes();
        store.take("b", request).await.expect("an answer");
        assert_eq!(store.map.take_changes(), [], "a refusal writes nothing");
        store.set("b", store.get("b").await.expect("get").expect("a bucket")).await.expect("set");
        store.close().await.expect("close");
        let refused = open(&path).take("b", request).await.expect("an answer");
        assert!(!refused.admitted && refused.fill > 2_000_000, "{refused:?}");
    }

    /// The running writer removes expired entries, the next one those that are in the file.
    #[tokio::test]
    async fn what_has_expired_is_removed() {
        let (_folder, path) = file();
        let store = open(&path);
        let now = backend::now();
        let value = |at: u64| format!("{{\"expires_at\":{at}}}").into_bytes();
        for n in 0..1000 {
            store.set(&format!("old{n}"), value(now - 1)).await.expect("set");
        }
        store.set("soon", value(now + 3_600_000)).await.expect("set");
        store.set("plain", b"{\"keys\":[]}".to_vec()).await.expect("set");
        store.map.shards.iter().for_each(|shard| shard.lock().sweep(now));
        let mut left = store.keys().await.expect("keys");
        left.sort();
        assert_eq!(left, ["plain", "soon"]);
        store.set("soon", value(now - 1)).await.expect("set");
        store.close().await.expect("close");
        let mut file = File::open(&path).expect("the file");
        let mut kept = Vec::new();
        file.load(|key, _| kept.push(key)).expect("rows");
        kept.sort();
        assert_eq!(kept, ["plain", "soon"], "the file follows");
        file.write(&[("old".to_owned(), Some(value(1)))]).expect("write");
        drop(file);
        assert_eq!(open(&path).keys().await, Ok(vec!["plain".to_owned()]));
    }

    #[tokio::test]
    async fn a_counter_is_eight_bytes_little_endian() {
        let (_folder, path) = file();
        let store = open(&path);
        assert_eq!(store.increment("n", 2).await, Ok(2));
        assert_eq!(store.increment("n", -3).await, Ok(-1));
        assert_eq!(store.get("n").await, Ok(Some((-1i64).to_le_bytes().to_vec())));
        store.set("text", b"x".to_vec()).await.expect("set");
        assert!(store.increment("text", 1).await.is_err());
        assert_eq!(store.get("text").await, Ok(Some(b"x".to_vec())));
    }
}
