//! Key-value stores behind one trait. A new kind is one file here and one line in [`open`].

mod embedded;
mod file;
mod redis;

pub(crate) use file::File;

use crate::runtime_config::Place;
use gateway::limits::{Ask, Taken};
use prometheus_client::metrics::counter::Counter;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// The answer of a store; the error text is for the log and the guest.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// A key-value store. Every operation sees what those before it wrote.
pub(crate) trait KeyValue: Send + Sync + 'static {
    /// The value of `key`.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Vec<u8>>>;
    /// Writes a value.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> Answer<'a, ()>;
    /// Removes a value; an absent key is no error.
    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
    /// Whether `key` has a value.
    fn exists<'a>(&'a self, key: &'a str) -> Answer<'a, bool>;
    /// All keys, in no order.
    fn keys(&self) -> Answer<'_, Vec<String>>;
    /// Adds `delta` to a counter, atomically, and returns the sum. The counter is a
    /// little-endian i64 as in Spin and starts at 0; a value of another length is an error.
    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Answer<'a, i64>;
    /// Writes `value` if the key still holds `expected` (`None`: is absent), atomically;
    /// whether it did.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<'a, bool>;
    /// Takes from the bucket of `key`, atomically; the clock is that of the store.
    fn take<'a>(&'a self, key: &'a str, ask: Ask) -> Answer<'a, Taken>;
    /// Whether the store can answer, for `/readyz`.
    fn check(&self) -> Answer<'_, ()>;
    /// Makes all writes durable. Called once, when nothing uses the store any more.
    fn close(&self) -> Answer<'_, ()>;
}

/// Milliseconds since the Unix epoch.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// Opens the store that the runtime config names; it counts what it does not do.
pub(crate) fn open(
    place: &Place,
    log: crate::log::Sink,
    failures: Counter,
) -> anyhow::Result<Arc<dyn KeyValue>> {
    Ok(match place {
        Place::File(path) => Arc::new(embedded::Embedded::open(path, log, failures)?),
        Place::Redis { url, prefix } => Arc::new(redis::Redis::new(url, prefix, failures)?),
    })
}
