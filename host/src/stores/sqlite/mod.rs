//! SQLite databases for guests. Each has a pool of connections and a queue of writers.

pub(crate) mod bindings;
mod connection;
pub(crate) mod copy;
mod group;
pub(crate) mod migrate;
mod statement;
#[cfg(test)]
mod tests;
mod timed;

pub(crate) use connection::Connection;

use self::group::Group;
use self::timed::TimedConnection;
use crate::system::private;
use anyhow::Context as _;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How many connections are kept open while nobody uses them.
const IDLE: usize = 64;

/// One database file.
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<TimedConnection>>,
    /// The lock of writers, and what they share. It is first come, first served. Waiting for it does
    /// not block a thread, unlike waiting for SQLite's own lock.
    writer: Arc<tokio::sync::Mutex<Group>>,
    statement_time: Duration,
    /// Whether transactions share commits.
    groups: bool,
}

impl Database {
    /// Opens the file, or creates it. `statement_time` bounds one statement. With `groups`,
    /// transactions share commits. Then a guest must not keep a transaction open while it waits for
    /// the commit of another one, because that commit waits for others, who may wait for the guest.
    pub(crate) fn open(
        path: &Path,
        statement_time: Duration,
        groups: bool,
    ) -> anyhow::Result<Self> {
        if let Some(parent) = path.parent() {
            private::folder(parent).with_context(|| parent.display().to_string())?;
        }
        private::file(path).with_context(|| path.display().to_string())?;
        let database = Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            writer: Arc::new(tokio::sync::Mutex::new(Group::new(path, statement_time))),
            statement_time,
            groups,
        };
        let first = TimedConnection::open(path)
            .with_context(|| format!("{}: the database cannot be opened", path.display()))?;
        database.idle.lock().push(first);
        Ok(database)
    }

    /// Whether the database answers, for `/readyz`.
    pub(crate) fn check(&self) -> Result<(), String> {
        let connection = self.take().map_err(|error| error.to_string())?;
        connection.clock.set_deadline(self.statement_time);
        let answer =
            connection.sqlite.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        self.put(connection);
        answer.map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn take(&self) -> rusqlite::Result<TimedConnection> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| TimedConnection::open(&self.path), Ok)
    }

    fn put(&self, connection: TimedConnection) {
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }
}
