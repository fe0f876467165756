//! Group commit: which transactions share a commit, and what the others see of them.

use super::timed::TimedConnection;
use super::{Connection, Database};
use crate::stores::sqlite::bindings::{Error, QueryResult, Value};
use rusqlite::StatementStatus;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A database with a table `t` whose column `a` takes no number twice.
struct World {
    folder: TempDir,
    database: Arc<Database>,
}

impl World {
    async fn new() -> Self {
        Self::with(true).await
    }

    async fn with(groups: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sqlite.db");
        let database = Database::open(&file, Duration::from_secs(5), groups).expect("a database");
        // A busy machine must not end a group.
        database.writer.lock().await.max_wait = Duration::from_secs(60);
        let world = Self { folder, database: Arc::new(database) };
        run(&world.open(), "CREATE TABLE t (a INTEGER PRIMARY KEY)").await.expect("a table");
        world
    }

    fn open(&self) -> Connection {
        Connection::open(&self.database).expect("a connection")
    }

    /// A transaction that has begun and inserted a number.
    async fn begun(&self, number: i64) -> Connection {
        let connection = self.open();
        run(&connection, "BEGIN IMMEDIATE").await.expect("begins");
        insert(&connection, number).await.expect("inserts");
        connection
    }

    /// A transaction that inserts a number, in a task that waits in the queue of writers when this
    /// returns.
    async fn queued(self: &Arc<Self>, number: i64, end: &'static str) -> JoinHandle<Ended> {
        let world = self.clone();
        let task = tokio::spawn(async move {
            let connection = world.begun(number).await;
            run(&connection, end).await.map(drop)
        });
        settle().await;
        task
    }

    /// A transaction that inserts a number, in the queue of writers too. It stays open until it is
    /// told to go on.
    async fn held(self: &Arc<Self>, number: i64) -> (oneshot::Sender<()>, JoinHandle<Ended>) {
        let (go, gone) = oneshot::channel();
        let world = self.clone();
        let task = tokio::spawn(async move {
            let connection = world.begun(number).await;
            gone.await.expect("is told to go on");
            run(&connection, "COMMIT").await.map(drop)
        });
        settle().await;
        (go, task)
    }

    /// The numbers that others see.
    async fn seen(&self) -> Vec<i64> {
        let rows = run(&self.open(), "SELECT a FROM t ORDER BY a").await.expect("reads").rows;
        let number = |value: &Value| match value {
            Value::Integer(number) => *number,
            other => panic!("{other:?}"),
        };
        rows.iter().map(|row| number(&row.values[0])).collect()
    }

    fn wal(&self) -> PathBuf {
        self.folder.path().join("sqlite.db-wal")
    }
}

type Ended = Result<(), Error>;

async fn run(connection: &Connection, sql: &str) -> Result<QueryResult, Error> {
    connection.execute(sql.to_owned(), Vec::new()).await
}

async fn insert(connection: &Connection, number: i64) -> Result<QueryResult, Error> {
    let sql = "INSERT INTO t (a) VALUES (?1)".to_owned();
    connection.execute(sql, vec![Value::Integer(number)]).await
}

/// Lets all other tasks go on until they wait.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The number of commits in a write-ahead log: the frames that hold the size of the database
/// (<https://sqlite.org/fileformat2.html#walformat>).
fn commits(wal: &Path) -> usize {
    let log = std::fs::read(wal).expect("a log");
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().expect("four bytes"));
    let frame = 24 + usize::try_from(number(8)).expect("a size");
    let salts = &log[16..24];
    let frames = (32..log.len()).step_by(frame);
    let ours = frames.filter(|at| log[at + 8..at + 16] == *salts);
    ours.filter(|at| number(at + 4) != 0).count()
}

#[tokio::test]
async fn transactions_that_wait_for_each_other_share_a_commit() {
    let world = Arc::new(World::new().await);
    let before = commits(&world.wal());
    let first = world.begun(1).await;
    let (second, third) = (world.queued(2, "COMMIT").await, world.queued(3, "COMMIT").await);
    run(&first, "COMMIT").await.expect("commits");
    second.await.expect("no panic").expect("commits");
    third.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 2, 3]);
    assert_eq!(commits(&world.wal()) - before, 1);

    // A transaction that comes later has its own.
    let alone = world.begun(4).await;
    run(&alone, "COMMIT").await.expect("commits");
    assert_eq!(commits(&world.wal()) - before, 2);
}

#[tokio::test]
async fn nobody_is_told_or_sees_what_is_not_on_the_disk() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    // The second transaction stays open, and so the flusher behind it cannot commit.
    let (go, slow) = world.held(2).await;
    let mut commit = std::pin::pin!(run(&first, "COMMIT"));
    for _ in 0..20 {
        let pending = poll_fn(|cx| Poll::Ready(commit.as_mut().poll(cx).is_pending())).await;
        assert!(pending, "it is told before its commit");
        tokio::task::yield_now().await;
    }
    assert!(world.seen().await.is_empty());
    go.send(()).expect("somebody waits");
    commit.await.expect("commits");
    slow.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 2]);
}

#[tokio::test]
async fn a_transaction_that_is_undone_or_left_leaves_its_group_alone() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    let undone = world.queued(2, "ROLLBACK").await;
    // Its connection is dropped within the transaction.
    let left = world.queued(3, "SELECT 1").await;
    let refused = world.queued(1, "COMMIT").await;
    let last = world.queued(4, "COMMIT").await;
    run(&first, "COMMIT").await.expect("commits");
    undone.await.expect("no panic").expect("rolls back");
    left.await.expect("no panic").expect("reads");
    assert!(refused.await.expect_err("cannot insert a number twice").is_panic());
    last.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 4]);
}

#[tokio::test]
async fn who_rolls_back_waits_for_what_it_has_read() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    let refused = tokio::spawn({
        let world = world.clone();
        async move {
            let connection = world.open();
            run(&connection, "BEGIN IMMEDIATE").await.expect("begins");
            // The row of the first one is there, but not on the disk yet.
            insert(&connection, 1).await.expect_err("cannot insert a number twice");
            run(&connection, "ROLLBACK").await.map(drop)
        }
    });
    settle().await;
    let (go, slow) = world.held(2).await;
    let first = tokio::spawn(async move { run(&first, "COMMIT").await.map(drop) });
    settle().await;
    assert!(!refused.is_finished(), "it would tell of a row that may never be");
    go.send(()).expect("somebody waits");
    for task in [first, refused, slow] {
        task.await.expect("no panic").expect("ends");
    }
    assert_eq!(world.seen().await, [1, 2]);
}

#[tokio::test]
async fn all_of_a_group_are_told_that_it_failed() {
    let world = Arc::new(World::new().await);
    let before = commits(&world.wal());
    let first = world.begun(1).await;
    // This rolls back more than its own transaction.
    let breaks = tokio::spawn({
        let world = world.clone();
        async move {
            let connection = world.begun(2).await;
            let sql = "INSERT OR ROLLBACK INTO t (a) VALUES (1)";
            run(&connection, sql).await.map(drop)
        }
    });
    settle().await;
    let told = run(&first, "COMMIT").await.expect_err("the group failed");
    assert!(matches!(told, Error::Io(text) if text.contains("busy")), "a retry makes sense");
    breaks.await.expect("no panic").expect_err("the number is there");
    assert!(world.seen().await.is_empty());
    assert_eq!(commits(&world.wal()), before);

    let next = world.begun(3).await;
    run(&next, "COMMIT").await.expect("commits");
    assert_eq!(world.seen().await, [3]);
}

#[tokio::test]
async fn no_guest_ends_the_transaction_of_its_group() {
    let world = Arc::new(World::new().await);
    // A group before has used the statements of the host.
    let (one, other) = (world.begun(11).await, world.queued(12, "COMMIT").await);
    run(&one, "COMMIT").await.expect("commits");
    other.await.expect("no panic").expect("commits");
    let first = world.begun(1).await;
    let tries = tokio::spawn({
        let world = world.clone();
        async move {
            let connection = world.begun(2).await;
            for sql in [
                ";COMMIT",
                "COMMIT nothing",
                "ROLLBACK TRANSACTION t",
                "RELEASE \"transaction of a guest\"",
                "ROLLBACK TO \"transaction of a guest\"",
                "SAVEPOINT \"transaction of a guest\"",
                "RELEASE \"Transaction Of A Guest\"",
                "BEGIN IMMEDIATE",
            ] {
                run(&connection, sql).await.expect_err(sql);
            }
            run(&connection, "SAVEPOINT own").await.expect("may have its own");
            insert(&connection, 3).await.expect("inserts");
            run(&connection, "ROLLBACK TO own").await.expect("may undo its own");
            run(&connection, "COMMIT").await.map(drop)
        }
    });
    settle().await;
    run(&first, "COMMIT").await.expect("commits");
    tries.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 2, 11, 12]);
}

#[tokio::test]
async fn a_savepoint_ends_with_its_transaction() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    run(&first, "SAVEPOINT own").await.expect("may have its own");
    insert(&first, 2).await.expect("inserts");
    let other = tokio::spawn({
        let world = world.clone();
        async move {
            let connection = world.begun(3).await;
            run(&connection, "ROLLBACK TO own").await.expect_err("is not its own");
            run(&connection, "COMMIT").await.map(drop)
        }
    });
    settle().await;
    run(&first, "COMMIT").await.expect("commits");
    other.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 2, 3]);
}

#[tokio::test]
async fn a_long_wait_lets_nobody_join() {
    let world = Arc::new(World::new().await);
    world.database.writer.lock().await.max_wait = Duration::from_millis(20);
    let before = commits(&world.wal());
    let first = world.begun(1).await;
    let slow = tokio::spawn({
        let world = world.clone();
        async move {
            let connection = world.begun(2).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            run(&connection, "COMMIT").await.map(drop)
        }
    });
    settle().await;
    let late = world.queued(3, "COMMIT").await;
    run(&first, "COMMIT").await.expect("commits");
    slow.await.expect("no panic").expect("commits");
    late.await.expect("no panic").expect("commits");
    assert_eq!(commits(&world.wal()) - before, 2);
}

#[tokio::test]
async fn what_a_guest_does_to_the_connection_stays_with_it() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    run(&first, "CREATE TEMP TABLE mine (a)").await.expect("makes a table");
    run(&first, "COMMIT").await.expect("commits");
    let second = world.begun(2).await;
    run(&second, "SELECT * FROM mine").await.expect_err("sees no table of others");
    run(&second, "COMMIT").await.expect("commits");
    assert_eq!(world.seen().await, [1, 2]);
}

#[tokio::test]
async fn a_statement_of_its_own_comes_after_the_group_before_it() {
    let world = Arc::new(World::new().await);
    let first = world.begun(1).await;
    let alone = tokio::spawn({
        let world = world.clone();
        async move { insert(&world.open(), 2).await.map(drop) }
    });
    settle().await;
    run(&first, "COMMIT").await.expect("commits");
    alone.await.expect("no panic").expect("inserts");
    assert_eq!(world.seen().await, [1, 2]);
}

#[tokio::test]
async fn without_groups_each_transaction_has_its_commit() {
    let world = Arc::new(World::with(false).await);
    let before = commits(&world.wal());
    let first = world.begun(1).await;
    let second = world.queued(2, "COMMIT").await;
    run(&first, "COMMIT").await.expect("commits");
    second.await.expect("no panic").expect("commits");
    assert_eq!(world.seen().await, [1, 2]);
    assert_eq!(commits(&world.wal()) - before, 2);
}

#[tokio::test]
async fn who_asks_for_rows_only_gets_no_names() {
    let world = World::new().await;
    insert(&world.open(), 1).await.expect("inserts");
    for (sql, names) in [("SELECT a FROM t", 1), ("/* rows only */ SELECT a FROM t", 0)] {
        let found = run(&world.open(), sql).await.expect("reads");
        assert_eq!((found.columns.len(), found.rows.len()), (names, 1), "{sql}");
    }
}

/// SQLite would otherwise plan the statement again for each LIMIT that is bound.
#[tokio::test]
async fn a_kept_statement_is_planned_once() {
    let world = World::new().await;
    let timed = TimedConnection::open(&world.folder.path().join("sqlite.db")).expect("opens");
    let sql = "SELECT a FROM t WHERE a > ?1 ORDER BY a LIMIT ?2";
    let mut statement = timed.sqlite.prepare(sql).expect("prepares");
    for value in 0..3 {
        assert!(!statement.exists([value, 20]).expect("reads"));
    }
    assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
}
