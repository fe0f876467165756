//! The trait of all key-value stores.

use gateway::limits::{BucketRequest, Decision};
use std::future::Future;
use std::pin::Pin;

/// The answer of a store. The error text is for the log and the guest.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send + 'a>>;

/// A key-value store. Every operation sees the writes of those before it.
pub(crate) trait KeyValue: Send + Sync + 'static {
    /// The value of `key`.
    fn get<'a>(&'a self, key: &'a str) -> Answer<'a, Option<Vec<u8>>>;
    /// Writes a value.
    fn set<'a>(&'a self, key: &'a str, value: Vec<u8>) -> Answer<'a, ()>;
    /// Removes a value; an absent key is no error.
    fn delete<'a>(&'a self, key: &'a str) -> Answer<'a, ()>;
    /// Whether `key` has a value.
    fn exists<'a>(&'a self, key: &'a str) -> Answer<'a, bool>;
    /// All keys, in any order.
    fn keys(&self) -> Answer<'_, Vec<String>>;
    /// Adds `delta` to a counter atomically and returns the sum. The counter is a little-endian
    /// i64, as in Spin, and starts at 0. A value of another length is an error.
    fn increment<'a>(&'a self, key: &'a str, delta: i64) -> Answer<'a, i64>;
    /// Compare-and-swap: writes `value` if the key still holds `expected`, atomically. `None` means
    /// that the key must be absent. Returns whether it has written.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Answer<'a, bool>;
    /// Takes from the bucket of `key` atomically, by the clock of the store.
    fn take<'a>(&'a self, key: &'a str, request: BucketRequest) -> Answer<'a, Decision>;
    /// Whether the store can answer, for `/readyz`.
    fn check(&self) -> Answer<'_, ()>;
    /// Makes all writes durable. Called once, when nothing uses the store any more.
    fn close(&self) -> Answer<'_, ()>;
}

/// Milliseconds since the Unix epoch.
pub(super) fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}
