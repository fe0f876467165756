//! SQLite: a pool of connections that read, and one that writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::problem::{Problem, internal};

/// Connections that are kept open.
const IDLE: usize = 64;
/// How long a statement waits for another process.
const BUSY: Duration = Duration::from_secs(5);

/// The database file.
pub(super) struct Database {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Arc<tokio::sync::Mutex<Connection>>,
}

impl Database {
    /// Opens the file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let writer = Arc::new(tokio::sync::Mutex::new(connect(path)?));
        Ok(Self { path: path.to_owned(), readers: Mutex::default(), writer })
    }

    /// Reads, at once and on this thread: the statements are short.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let idle = self.readers.lock().pop();
        let reader = idle.map_or_else(|| connect(&self.path), Ok)?;
        let result = work(&reader);
        let mut readers = self.readers.lock();
        if readers.len() < IDLE {
            readers.push(reader);
        }
        Ok(result?)
    }

    /// Writes in a transaction, on a thread that may wait for the disk. It is durable when
    /// this returns.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let mut writer = self.writer.clone().lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        written.await.map_err(internal)?
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    Ok(connection)
}
