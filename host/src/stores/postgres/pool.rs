//! The pool of one address.

use super::address::Address;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The connections to one address.
pub(super) struct Pool {
    pub(super) address: Address,
    pub(super) connections: deadpool_postgres::Pool,
    pub(super) limit: usize,
    pub(super) wait: Duration,
    pub(super) tls: MakeRustlsConnect,
    pub(super) statement_time: Duration,
    pub(super) runtime: Handle,
}
