//! Group commit: transactions that wait for each other share one wait for the disk.
//!
//! One connection writes. Each transaction of a guest is a savepoint on it. When a guest commits,
//! its savepoint is released, the next writer begins at once, and the guest waits. A flusher stands
//! in the queue behind the writers that were already there. When it is its turn, it commits for all
//! of them with one sync, and only then they get their answers. So nobody sees or is told what is
//! not on the disk yet. Without other writers the flusher is next, and the group is one transaction.

use super::{Database, TimedConnection, io};
use crate::stores::sqlite::bindings::Error;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The savepoint of the transaction that is running. Guests would not use this name.
const SAVEPOINT: &str = "SAVEPOINT \"transaction of a guest\"";
const RELEASE: &str = "RELEASE \"transaction of a guest\"";
const UNDO: &str = "ROLLBACK TO \"transaction of a guest\"";

/// The end of a group, for a guest that waits for it.
pub(super) type Committed = oneshot::Receiver<Result<(), Error>>;

/// The connection that writes, and the transactions that wait for its commit.
#[derive(Default)]
pub(super) struct Group {
    /// Outside of a transaction if nobody waits and no savepoint is open.
    connection: Option<TimedConnection>,
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// Whether a guest has changed the connection itself. Then no other guest writes on it.
    is_altered: bool,
}

impl Group {
    /// The connection, within a transaction that [`Group::begin`] has begun.
    pub(super) fn connection(&self) -> Result<&TimedConnection, Error> {
        self.connection.as_ref().ok_or(Error::InvalidConnection)
    }

    /// Whether a transaction waits for its commit.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Begins a transaction of a guest.
    pub(super) fn begin(&mut self, database: &Database) -> Result<(), Error> {
        if self.is_altered {
            // This blocks for a sync. It is rare: such a statement would stand in a transaction.
            self.flush(database);
            *self = Self::default();
        }
        if self.connection.is_none() {
            self.connection = Some(database.connect().map_err(io)?);
        }
        if self.waiting.is_empty() {
            self.run("BEGIN IMMEDIATE", database)?;
        }
        self.advance(&[SAVEPOINT], database)
    }

    /// Commits the transaction of a guest: it waits for the sync of its group. The first one of a
    /// group also queues the flusher.
    pub(super) fn commit(&mut self, database: &Arc<Database>) -> Result<Committed, Error> {
        self.advance(&[RELEASE], database)?;
        let (sender, committed) = oneshot::channel();
        self.waiting.push(sender);
        if self.waiting.len() == 1 {
            let database = database.clone();
            tokio::spawn(async move {
                let mut group = database.writer.clone().lock_owned().await;
                let flush = tokio::task::spawn_blocking(move || group.flush(&database));
                // After a panic the senders are dropped, which the guests take as an error.
                let _ = flush.await;
            });
        }
        Ok(committed)
    }

    /// Records that a guest has changed the connection itself.
    pub(super) fn set_altered(&mut self) {
        self.is_altered = true;
    }

    /// Rolls the transaction of a guest back. The others of its group stay.
    pub(super) fn roll_back(&mut self, database: &Database) -> Result<(), Error> {
        match self.waiting.is_empty() {
            true => self.advance(&["ROLLBACK"], database),
            false => self.advance(&[UNDO, RELEASE], database),
        }
    }

    /// Commits what waits. Blocks for as long as the disk takes.
    pub(super) fn flush(&mut self, database: &Database) {
        if self.waiting.is_empty() {
            return;
        }
        match self.run("COMMIT", database) {
            Ok(()) => {
                for sender in self.waiting.drain(..) {
                    // A guest that has left does not need the answer.
                    let _ = sender.send(Ok(()));
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Gives the group up: nothing of it was committed, and those that wait are told so.
    pub(super) fn fail(&mut self, error: &Error) {
        // Closing a connection rolls its transaction back.
        self.connection = None;
        for sender in self.waiting.drain(..) {
            let _ = sender.send(Err(error.clone()));
        }
    }

    /// Runs statements between the parts of the group. If one fails, then the group is given up,
    /// because nobody knows what its transaction holds.
    fn advance(&mut self, statements: &[&str], database: &Database) -> Result<(), Error> {
        let ran = statements.iter().try_for_each(|sql| self.run(sql, database));
        ran.inspect_err(|error| self.fail(error))
    }

    fn run(&self, sql: &str, database: &Database) -> Result<(), Error> {
        let connection = self.connection()?;
        connection.clock.set_deadline(database.statement_time);
        connection.sqlite.prepare_cached(sql).and_then(|mut it| it.execute([])).map_err(io)?;
        Ok(())
    }
}
