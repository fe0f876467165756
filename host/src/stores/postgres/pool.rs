//! The pool of one address.

use super::address::Address;
use super::statement::Statement;
use parking_lot::Mutex;
use std::collections::HashMap;
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
    /// Statements that were classified already, by their text.
    pub(super) classified: Mutex<HashMap<Box<str>, Statement>>,
}

/// How many statements are remembered with their class, and up to which length in bytes.
const CLASSIFIED: usize = 512;
const MAX_CLASSIFIED: usize = 4 << 10;

impl Pool {
    /// Classifies a statement. The functions send the same few statements all the time, so the
    /// classes are remembered: the classification reads the whole text.
    pub(super) fn classify(&self, sql: &str) -> Statement {
        if let Some(known) = self.classified.lock().get(sql) {
            return *known;
        }
        let statement = Statement::of(sql);
        if sql.len() <= MAX_CLASSIFIED {
            let mut classified = self.classified.lock();
            if classified.len() >= CLASSIFIED {
                classified.clear();
            }
            classified.insert(sql.into(), statement);
        }
        statement
    }
}
