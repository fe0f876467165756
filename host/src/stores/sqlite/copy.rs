//! Copies a database, as it is at one moment, into another file while others use it.

use crate::system::progress::Progress;
use anyhow::{Context as _, ensure};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, ffi};
use std::path::Path;
use std::time::Duration;

/// Pages between two steps of a copy: 4 MiB of SQLite's usual pages.
const STEP: i32 = 1024;
/// SQLite's virtual-machine steps between two looks at the clock.
const STEPS: i32 = 100_000;
/// How long to wait for a process that has exclusive access to the database. That takes only a
/// short time: the process recovers from a crash, or it ends.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a database for reading, whether others use it or not.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Copies `source` into `target`, which must be an empty file. The copy is one file without a WAL.
/// The caller makes it durable.
///
/// One read transaction covers the whole copy. SQLite's backup uses a transaction for each step by
/// default. Then the copy begins again whenever another process writes between two steps, and under
/// load it would not end. In WAL mode the transaction does not block writers. Until it ends, the
/// WAL grows by everything that is written.
pub(crate) fn copy(
    source: &Connection,
    target: &Path,
    progress: &mut Progress,
) -> rusqlite::Result<Connection> {
    let snapshot = source.unchecked_transaction()?;
    // The transaction begins with this first read.
    snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(target, flags)?;
    copy.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    copy.pragma_update(None, "journal_mode", "OFF")?;
    copy.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(&snapshot, &mut copy)?;
    loop {
        match backup.step(STEP)? {
            StepResult::Done => break,
            StepResult::More => progress.report(|_| {
                let progress = backup.progress();
                let done = i64::from(progress.pagecount - progress.remaining);
                format!("Copied {} %", done * 100 / i64::from(progress.pagecount.max(1)))
            }),
            // Both databases are locked already, so waiting would not help.
            _ => {
                return Err(rusqlite::Error::SqliteFailure(
                    ffi::Error::new(ffi::SQLITE_BUSY),
                    None,
                ));
            }
        }
    }
    drop(backup);
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(copy)
}

/// Reads the whole database. Fails if it is damaged.
pub(crate) fn verify(database: &mut Connection, mut progress: Progress) -> anyhow::Result<()> {
    let handler = move || {
        progress
            .report(|since| format!("Checking every page, {} s since the start", since.as_secs()));
        false
    };
    database.progress_handler(STEPS, Some(handler))?;
    let found: String = database
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .context("the database is damaged")?;
    ensure!(found == "ok", "the database is damaged: {}", found.replace('\n', " "));
    Ok(())
}
