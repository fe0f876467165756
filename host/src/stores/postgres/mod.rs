//! PostgreSQL databases for guests: a pool of connections for each address.
//!
//! A guest opens by address, as on Spin, and has its own session until it drops the connection. A
//! physical connection is taken from the pool as late as possible. It is given to another guest
//! only if it has no open transaction and no session state.

#![expect(clippy::result_large_err, reason = "the error of the interface is a large record")]

mod address;
pub(crate) mod bindings;
mod error;
pub(crate) mod policies;
mod pool;
pub(crate) mod schema;
mod session;
mod statement;
#[cfg(test)]
mod tests;
mod tls;
mod tool;
mod values;

pub(crate) use session::Connection;
pub(crate) use tool::{Client, connect, place};

use crate::config::hosts::AllowedHosts;
use crate::stores::postgres::bindings::Error;
use address::Address;
use deadpool_postgres::{Manager, ManagerConfig, QueueMode, RecyclingMethod, Runtime, Timeouts};
use parking_lot::Mutex;
use pool::Pool;
use rustls::RootCertStore;
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;

/// The largest number of physical connections to one address, unless the runtime config sets
/// another.
const CONNECTIONS: usize = 32;
/// How long a statement waits for a physical connection.
const WAIT: Duration = Duration::from_secs(5);
/// How many pools are kept while nobody uses them. The number is bounded because guests choose the
/// addresses.
const POOLS: usize = 16;

/// The key of a pool: the address, and the certificates of the root if the guest gives any.
type Key = (String, Option<String>);

/// The databases that the components of a server have opened.
pub(crate) struct Pools {
    /// The runtime in which connections are cleaned. It is needed because a guest may be dropped on
    /// a thread outside of the runtime.
    runtime: Handle,
    connections: usize,
    wait: Duration,
    statement_time: Duration,
    roots: OnceLock<RootCertStore>,
    pools: Mutex<HashMap<Key, Arc<Pool>>>,
}

/// An address that a guest opens with its own root certificates.
#[derive(Clone)]
pub(crate) struct Builder {
    pub(crate) address: String,
    /// The root certificates, in PEM.
    pub(crate) ca: Option<String>,
}

impl Pools {
    /// Opens nothing yet. `connections` bounds the connections to one address; `statement_time`
    /// bounds one statement. Must be called in the runtime that serves the guests.
    pub(crate) fn new(connections: Option<NonZeroUsize>, statement_time: Duration) -> Self {
        Self {
            runtime: Handle::current(),
            connections: connections.map_or(CONNECTIONS, NonZeroUsize::get),
            wait: WAIT,
            statement_time,
            roots: OnceLock::new(),
            pools: Mutex::default(),
        }
    }

    /// A connection to `address`, if `hosts` allows it. Nothing is sent to the server before the
    /// first statement.
    pub(crate) fn open(
        &self,
        hosts: &AllowedHosts,
        address: &str,
        ca: Option<&str>,
    ) -> Result<Connection, Error> {
        let key = (address.to_owned(), ca.map(str::to_owned));
        let known = self.pools.lock().get(&key).cloned();
        if let Some(pool) = known {
            pool.address.check(hosts)?;
            return Ok(Connection::new(pool));
        }
        let address = Address::parse(address)?;
        address.check(hosts)?;
        let pool = Arc::new(self.pool(address, ca)?);
        let mut pools = self.pools.lock();
        if pools.len() >= POOLS {
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        Ok(Connection::new(pools.entry(key).or_insert(pool).clone()))
    }

    fn pool(&self, address: Address, ca: Option<&str>) -> Result<Pool, Error> {
        let roots = self.roots.get_or_init(crate::system::tls::system_roots);
        let tls = tls::connector(roots, ca).map_err(|error| {
            Error::ConnectionFailed(format!("TLS to {address} cannot be set up: {error}"))
        })?;
        let manager = Manager::from_config(
            address.config.clone(),
            tls.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let connections = deadpool_postgres::Pool::builder(manager)
            .max_size(self.connections)
            .timeouts(Timeouts {
                wait: Some(self.wait),
                create: Some(address.time_to_connect()),
                recycle: None,
            })
            // The connection that was used last has most of the prepared statements.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::ConnectionFailed(format!("{address}: {error}")))?;
        Ok(Pool {
            address,
            connections,
            limit: self.connections,
            wait: self.wait,
            tls,
            statement_time: self.statement_time,
            runtime: self.runtime.clone(),
            classified: Mutex::default(),
        })
    }
}
