//! Key-value stores behind one trait. To add a kind, add a file here and a line in [`open`].

mod backend;
mod embedded;
mod file;
mod redis;

pub(crate) use backend::KeyValue;
pub(crate) use file::File;

use crate::config::runtime_config::StoreLocation;
use prometheus_client::metrics::counter::Counter;
use std::sync::Arc;

/// Opens the store at `location`. The store counts its failed operations.
pub(crate) fn open(
    location: &StoreLocation,
    log: crate::system::log::Sink,
    failures: Counter,
) -> anyhow::Result<Arc<dyn KeyValue>> {
    Ok(match location {
        StoreLocation::File(path) => Arc::new(embedded::Embedded::open(path, log, failures)?),
        StoreLocation::Redis { url, prefix } => Arc::new(redis::Redis::new(url, prefix, failures)?),
    })
}
