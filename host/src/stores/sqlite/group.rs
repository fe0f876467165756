//! Group commit: transactions that wait for each other share one wait for the disk.
//!
//! One connection writes. When a guest commits, the next writer begins at once, in the same
//! transaction of SQLite but in a savepoint of its own, and the guest waits. A flusher stands in the
//! queue behind the writers that were already there. When it is its turn, it commits for all of them
//! with one sync, and only then they get their answers. Writers of a group see the writes of those
//! before them, so a guest that rolls back waits for the group too: what it has read must be on the
//! disk before it tells. Nobody else sees anything of a group before its commit. Without other
//! writers the flusher is next, and the group is one transaction without a savepoint.

use super::timed::{TimedConnection, io};
use crate::stores::sqlite::bindings::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, oneshot};

/// The savepoint of a transaction that others of its group wait behind. The connection refuses to
/// let guests use the name (`timed.rs`).
const SAVEPOINT: &str = "SAVEPOINT \"transaction of a guest\"";
const RELEASE: &str = "RELEASE \"transaction of a guest\"";
const UNDO: &str = "ROLLBACK TO \"transaction of a guest\"";
/// How long a finished transaction may wait before no other writer joins its group.
const MAX_WAIT: Duration = Duration::from_millis(20);

/// The end of a group, for a guest that waits for it.
pub(super) type Committed = oneshot::Receiver<Result<(), Error>>;

/// The connection that writes, and the transactions that wait for its commit.
pub(super) struct Group {
    path: PathBuf,
    statement_time: Duration,
    /// Outside of a transaction if nobody waits and no savepoint is open.
    connection: Option<TimedConnection>,
    waiting: Vec<oneshot::Sender<Result<(), Error>>>,
    /// Since when the first of them waits.
    since: Instant,
    /// How long it may wait before no other writer joins.
    pub(super) max_wait: Duration,
    /// Whether a guest has changed the connection itself. Then no other guest writes on it.
    is_altered: bool,
}

impl Group {
    /// The group of the database at `path`. Nothing is opened yet.
    pub(super) fn new(path: &Path, statement_time: Duration) -> Self {
        Self {
            path: path.to_owned(),
            statement_time,
            connection: None,
            waiting: Vec::new(),
            since: Instant::now(),
            max_wait: MAX_WAIT,
            is_altered: false,
        }
    }

    /// The connection, within a transaction that [`Group::begin`] has begun.
    pub(super) fn connection(&self) -> Result<&TimedConnection, Error> {
        self.connection.as_ref().ok_or(Error::InvalidConnection)
    }

    /// Whether a transaction waits for its commit.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether the group must be committed before another transaction begins.
    pub(super) fn is_complete(&self) -> bool {
        self.is_waiting() && (self.is_altered || self.since.elapsed() > self.max_wait)
    }

    /// Begins a transaction of a guest.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if self.connection.is_none() {
            let connection = TimedConnection::open(&self.path).map_err(io)?;
            self.connection = Some(connection);
        }
        match self.is_waiting() {
            true => self.run(&[SAVEPOINT]),
            false => self.run(&["BEGIN IMMEDIATE"]),
        }
    }

    /// Commits the transaction of a guest: it waits for the sync of its group.
    pub(super) fn commit(&mut self, queue: &Arc<Mutex<Self>>) -> Result<Committed, Error> {
        if self.is_waiting() {
            self.run(&[RELEASE])?;
        }
        Ok(self.wait(queue))
    }

    /// Rolls the transaction of a guest back. The others of its group stay. If there are any, then
    /// the guest waits for their commit.
    pub(super) fn roll_back(
        &mut self,
        queue: &Arc<Mutex<Self>>,
    ) -> Result<Option<Committed>, Error> {
        if self.is_waiting() {
            self.run(&[UNDO, RELEASE])?;
            return Ok(Some(self.wait(queue)));
        }
        self.run(&["ROLLBACK"])?;
        self.retire();
        Ok(None)
    }

    /// Waits for the commit of the group. The first one also queues the flusher.
    fn wait(&mut self, queue: &Arc<Mutex<Self>>) -> Committed {
        let (sender, committed) = oneshot::channel();
        if !self.is_waiting() {
            self.since = Instant::now();
            let queue = queue.clone();
            tokio::spawn(async move {
                let mut group = queue.clone().lock_owned().await;
                let flushed = tokio::task::spawn_blocking(move || group.flush()).await;
                if flushed.is_err() {
                    queue.lock().await.fail(&Error::Io("the commit failed".to_owned()));
                }
            });
        }
        self.waiting.push(sender);
        committed
    }

    /// Records that a guest has changed the connection itself.
    pub(super) fn set_altered(&mut self) {
        self.is_altered = true;
    }

    /// Commits what waits. Blocks for as long as the disk takes.
    pub(super) fn flush(&mut self) {
        if self.is_waiting() && self.run(&["COMMIT"]).is_ok() {
            for sender in self.waiting.drain(..) {
                // A guest that has left does not need the answer.
                let _ = sender.send(Ok(()));
            }
        }
        self.retire();
    }

    /// Closes a connection that a guest has changed, when nobody needs it any more.
    fn retire(&mut self) {
        if std::mem::take(&mut self.is_altered) {
            self.connection = None;
        }
    }

    /// Gives the group up: nothing of it was committed, and those that wait are told so.
    pub(super) fn fail(&mut self, error: &Error) {
        // Closing a connection rolls its transaction back.
        self.connection = None;
        self.is_altered = false;
        for sender in self.waiting.drain(..) {
            let _ = sender.send(Err(error.clone()));
        }
    }

    /// Runs statements that begin and end transactions. If one fails, then the group is given up,
    /// because nobody knows what its transaction holds.
    fn run(&mut self, statements: &[&str]) -> Result<(), Error> {
        let ran = self.connection().and_then(|connection| {
            connection.clock.set_deadline(self.statement_time);
            statements.iter().try_for_each(|sql| connection.control(sql)).map_err(io)
        });
        ran.inspect_err(|error| self.fail(error))
    }
}
