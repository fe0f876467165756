//! Sessions, pools and transactions, against a real server.
//!
//! `DATABASE_URL` names it; without one it is the server of this machine. Nothing is left
//! in it: there are only temporary tables.

use super::{Connection, Pools};
use crate::hosts::AllowedHosts;
use crate::interfaces::postgres::{DbError, DbValue, Error, ParameterValue, QueryError, RowSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A pool of so many connections to the server, or `None` when there is no server, which
/// continuous integration does not accept.
pub(super) async fn database(connections: usize) -> Option<Database> {
    let default = "postgres://postgres@127.0.0.1:5432/postgres";
    let address = std::env::var("DATABASE_URL").unwrap_or_else(|_| default.to_owned());
    let database = Database::new(&address, connections);
    match database.open().query("SELECT 1".to_owned(), Vec::new()).await {
        Ok(_) => Some(database),
        Err(error) if std::env::var("CI").is_ok_and(|ci| ci == "true") => panic!("{error:?}"),
        Err(error) => {
            eprintln!("skipped: {error:?}");
            None
        }
    }
}

pub(super) struct Database {
    pools: Pools,
    hosts: AllowedHosts,
    address: String,
}

impl Database {
    fn new(address: &str, connections: usize) -> Self {
        let mut pools = Pools::new(connections.try_into().ok(), Duration::from_secs(20));
        pools.wait = Duration::from_secs(5);
        let hosts = AllowedHosts::parse(&["postgres://*:*".to_owned()]).expect("valid entry");
        Self { pools, hosts, address: address.to_owned() }
    }

    pub(super) fn open(&self) -> Connection {
        self.pools.open(&self.hosts, &self.address, None).expect("permitted")
    }
}

async fn execute(connection: &Connection, sql: &str) -> Result<u64, Error> {
    connection.execute(sql.to_owned(), Vec::new()).await
}

async fn rows(connection: &Connection, sql: &str) -> Result<RowSet, Error> {
    connection.query(sql.to_owned(), Vec::new()).await
}

/// The only value of a result, as text.
#[track_caller]
fn only(rows: Result<RowSet, Error>) -> String {
    match rows.expect("a result").rows.as_slice() {
        [row] => match row.as_slice() {
            [DbValue::Str(text)] => text.clone(),
            [DbValue::Int32(number)] => number.to_string(),
            [DbValue::Int64(number)] => number.to_string(),
            [DbValue::Boolean(value)] => value.to_string(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::QueryFailed(QueryError::DbError(DbError { code, .. }))) => code,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn words<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::QueryFailed(QueryError::Text(text)) | Error::ConnectionFailed(text)) => text,
        other => panic!("{other:?}"),
    }
}

const PID: &str = "SELECT pg_backend_pid()";
/// Changes when the transaction does; NULL until the transaction has written.
const XID: &str = "SELECT txid_current()::text";

/// Whoever opens next gets the same physical connection, without the transaction.
#[tokio::test]
async fn an_open_transaction_is_not_inherited() {
    let Some(database) = database(1).await else { return };
    let first = database.open();
    execute(&first, "BEGIN").await.expect("begun");
    execute(&first, "SET LOCAL application_name = 'first'").await.expect("set");
    let pid = only(rows(&first, PID).await);
    assert_eq!(only(rows(&first, "SHOW application_name").await), "first");
    drop(first);
    let second = database.open();
    assert_eq!(only(rows(&second, PID).await), pid, "the connection is used again");
    assert_ne!(only(rows(&second, XID).await), only(rows(&second, XID).await), "no transaction");
    assert_eq!(only(rows(&second, "SHOW application_name").await), "tenantry");
}

/// Settings, temporary tables, locks, cursors and channels go with their guest.
#[tokio::test]
async fn state_of_a_session_is_not_inherited() {
    let Some(database) = database(1).await else { return };
    let first = database.open();
    for sql in [
        "SET application_name = 'first'",
        "SELECT set_config('search_path', 'nowhere', false)",
        "CREATE TEMP TABLE left_over (a int)",
        "SELECT pg_advisory_lock(42)",
        "DECLARE left_open CURSOR WITH HOLD FOR SELECT 1",
        "LISTEN left_on",
    ] {
        execute(&first, sql).await.expect(sql);
    }
    let pid = only(rows(&first, PID).await);
    drop(first);
    let second = database.open();
    assert_eq!(only(rows(&second, PID).await), pid, "the connection is used again");
    assert_eq!(only(rows(&second, "SHOW application_name").await), "tenantry");
    assert_ne!(only(rows(&second, "SHOW search_path").await), "nowhere");
    assert_eq!(code(rows(&second, "SELECT * FROM left_over").await), "42P01");
    let count = |from: &str| format!("SELECT count(*) FROM {from}");
    let locks = "pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
    for left in [locks, "pg_cursors", "pg_listening_channels()"] {
        assert_eq!(only(rows(&second, &count(left)).await), "0", "{left}");
    }
}

/// A connection with prepared statements of the guest, or with anything unknown, is closed.
#[tokio::test]
async fn what_cannot_be_reset_is_closed() {
    let Some(database) = database(1).await else { return };
    let first = database.open();
    execute(&first, "PREPARE left_over AS SELECT 1").await.expect("prepared");
    let pid = only(rows(&first, PID).await);
    assert_eq!(execute(&first, "DEALLOCATE ALL").await.expect("deallocated"), 0);
    assert_eq!(only(rows(&first, PID).await), pid, "statements are prepared again");
    drop(first);
    assert_ne!(only(rows(&database.open(), PID).await), pid);
}

/// The BEGIN that was answered early is there when the first statement runs.
#[tokio::test]
async fn a_transaction_is_one() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "CREATE TEMP TABLE t (a int PRIMARY KEY)").await.expect("created");
    for sql in ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"] {
        // Once with the statement known to the server, once without.
        for _ in 0..2 {
            execute(&guest, "BEGIN ISOLATION LEVEL SERIALIZABLE").await.expect("begun");
            assert_eq!(execute(&guest, sql).await.expect("inserted"), 1);
            let level = only(rows(&guest, "SHOW transaction_isolation").await);
            assert_eq!(level, "serializable");
            assert_eq!(execute(&guest, "ROLLBACK").await.expect("undone"), 0);
            assert_eq!(only(rows(&guest, "SELECT count(*) FROM t").await), "0");
        }
    }
    execute(&guest, "BEGIN").await.expect("begun");
    execute(&guest, "INSERT INTO t VALUES (3)").await.expect("inserted");
    execute(&guest, "COMMIT").await.expect("committed");
    execute(&guest, "ROLLBACK").await.expect("nothing to undo");
    assert_eq!(only(rows(&guest, "SELECT count(*) FROM t").await), "1");
}

/// A statement that fails aborts the transaction, also the first, which the server has not
/// seen the BEGIN of when it is prepared.
#[tokio::test]
async fn a_failed_transaction_stays_failed() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    for failing in ["SELECT nothing", "SELECT 1 / 0"] {
        execute(&guest, "BEGIN").await.expect("begun");
        execute(&guest, failing).await.expect_err(failing);
        assert_eq!(code(rows(&guest, "SELECT 1").await), "25P02");
        execute(&guest, "COMMIT").await.expect("which undoes");
        assert_eq!(only(rows(&guest, "SELECT 1").await), "1");
    }
}

#[tokio::test]
async fn an_empty_transaction_does_not_reach_the_server() {
    let database = Database::new("postgres://u@127.0.0.1:1/d", 1);
    let guest = database.open();
    for end in ["COMMIT", "ROLLBACK", "ROLLBACK"] {
        execute(&guest, "BEGIN").await.expect("begun");
        execute(&guest, end).await.expect("ended");
    }
    execute(&guest, "COMMIT").await.expect("nothing to commit");
}

/// After DDL the server refuses the plan that it kept; the guest does not notice.
#[tokio::test]
async fn a_stale_plan_is_made_again() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "CREATE TEMP TABLE t AS SELECT 1 AS a").await.expect("created");
    for (begin, columns) in [(false, 1), (false, 2), (true, 3), (true, 4)] {
        if begin {
            execute(&guest, "BEGIN").await.expect("begun");
        }
        assert_eq!(rows(&guest, "SELECT * FROM t").await.expect("rows").columns.len(), columns);
        if begin {
            let same = "SELECT now() = statement_timestamp()";
            assert_eq!(only(rows(&guest, same).await), "false", "a transaction is open");
        }
        execute(&guest, "COMMIT").await.expect("committed");
        let add = format!("ALTER TABLE t ADD COLUMN a{columns} int");
        execute(&guest, &add).await.expect("altered");
    }
}

/// The statement is ended on the server as well, and the connection not used again.
#[tokio::test]
async fn a_statement_has_its_time() {
    let Some(mut database) = database(1).await else { return };
    database.pools = Pools::new(1.try_into().ok(), Duration::from_millis(300));
    let guest = database.open();
    let pid = only(rows(&guest, PID).await);
    let sleep = rows(&guest, "SELECT pg_sleep(20)").await;
    assert_eq!(words(sleep), "the statement took too long");
    assert!(words(rows(&guest, "SELECT 1").await).contains("kind: Closed"));
    assert!(words(execute(&guest, "ROLLBACK").await).contains("kind: Closed"));
    drop(guest);
    let other = database.open();
    assert_ne!(only(rows(&other, PID).await), pid);
    is_gone(&other, &pid).await;
}

/// A guest that is gone in the middle of a statement, as after a trap.
#[tokio::test]
async fn an_abandoned_statement_is_cancelled() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "BEGIN").await.expect("begun");
    let pid = only(rows(&guest, PID).await);
    let sleep = rows(&guest, "SELECT pg_sleep(20)");
    tokio::time::timeout(Duration::from_millis(100), sleep).await.expect_err("abandoned");
    assert!(words(rows(&guest, "SELECT 1").await).contains("kind: Closed"), "not outside of it");
    let other = database.open();
    assert_ne!(only(rows(&other, PID).await), pid);
    is_gone(&other, &pid).await;
}

async fn is_gone(connection: &Connection, pid: &str) {
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}");
    for _ in 0..100 {
        if only(rows(connection, &sql).await) == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{pid} still runs");
}

/// A connection may be dropped where there is no runtime.
#[tokio::test]
async fn a_thread_without_a_runtime_may_drop() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "BEGIN").await.expect("begun");
    let pid = only(rows(&guest, PID).await);
    std::thread::spawn(move || drop(guest)).join().expect("no panic");
    assert_eq!(only(rows(&database.open(), PID).await), pid);
}

#[tokio::test]
async fn a_pool_has_an_end() {
    let Some(mut database) = database(1).await else { return };
    database.pools = Pools::new(1.try_into().ok(), Duration::from_secs(20));
    database.pools.wait = Duration::from_millis(100);
    let holder = database.open();
    rows(&holder, "SELECT 1").await.expect("the only connection");
    let waiting = database.open();
    let refused = words(rows(&waiting, "SELECT 1").await);
    assert!(refused.contains("none of the 1 connections to"), "{refused}");
    drop(holder);
    assert_eq!(only(rows(&waiting, "SELECT 1").await), "1", "a handle survives a refusal");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let database = Database::new("postgres://u:geheim@127.0.0.1:1/d", 1);
    let refused = words(rows(&database.open(), "SELECT 1").await);
    assert!(refused.starts_with("127.0.0.1:1, database d, user u cannot be used: "), "{refused}");
    assert!(refused.contains("refused") && !refused.contains("geheim"), "{refused}");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let address = format!("postgres://u@127.0.0.1:{port}/d?connect_timeout=1");
    let start = Instant::now();
    let refused = words(rows(&Database::new(&address, 1).open(), "SELECT 1").await);
    assert!(refused.contains("did not answer within 1s"), "{refused}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// COPY would leave the connection in another mode.
#[tokio::test]
async fn copy_is_refused_and_harms_nobody() {
    let Some(database) = database(1).await else { return };
    for copy in ["COPY t FROM STDIN", "COPY (SELECT 1) TO STDOUT"] {
        let guest = database.open();
        execute(&guest, "CREATE TEMP TABLE t (a int)").await.expect("created");
        execute(&guest, copy).await.expect_err(copy);
        drop(guest);
        assert_eq!(only(rows(&database.open(), "SELECT 1").await), "1");
    }
}

#[tokio::test]
async fn a_large_result_is_refused() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "BEGIN").await.expect("begun");
    let large = "SELECT repeat('x', 1000000) FROM generate_series(1, 70)";
    assert!(words(rows(&guest, large).await).contains("larger than 67108864 bytes"));
    assert_eq!(execute(&guest, large).await.expect("counted"), 70);
    assert_eq!(only(rows(&guest, "SELECT 1").await), "1", "the session goes on");
}

#[tokio::test]
async fn errors_are_those_of_the_server() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    execute(&guest, "CREATE TEMP TABLE t (a int CONSTRAINT one_only UNIQUE)").await.expect("t");
    execute(&guest, "INSERT INTO t VALUES (1)").await.expect("the first");
    let Err(Error::QueryFailed(QueryError::DbError(error))) =
        execute(&guest, "INSERT INTO t VALUES (1)").await
    else {
        panic!("an error of the database")
    };
    assert_eq!((error.severity.as_str(), error.code.as_str()), ("ERROR", "23505"));
    assert_eq!(error.detail.as_deref(), Some("Key (a)=(1) already exists."));
    assert!(error.message.contains("one_only") && error.as_text.contains("one_only"));
    assert!(error.extras.contains(&("constraint".to_owned(), "one_only".to_owned())));
    assert!(words(rows(&guest, "SELECT 1\0").await).contains("character 0"));
    assert_eq!(code(rows(&guest, "SELECT 1; SELECT 2").await), "42601", "one statement each");
    assert_eq!(code(execute(&guest, "COMMIT; SELECT 2").await), "42601");
}

/// Statements of one handle run one after another; handles do not share a session.
#[tokio::test]
async fn handles_are_sessions() {
    let Some(database) = database(2).await else { return };
    let (one, two) = (database.open(), database.open());
    let same = one.clone();
    let (a, b, c) = tokio::join!(rows(&one, PID), rows(&same, PID), rows(&two, PID));
    let (a, b, c) = (only(a), only(b), only(c));
    assert!(a == b && a != c, "{a} {b} {c}");
}

/// The cache of statements has a bound.
#[tokio::test]
async fn many_statements_are_not_all_kept() {
    let Some(database) = database(1).await else { return };
    let guest = database.open();
    for number in 0..600 {
        rows(&guest, &format!("SELECT {number}")).await.expect("a number");
    }
    let kept = only(rows(&guest, "SELECT count(*) FROM pg_prepared_statements").await);
    assert!(kept.parse::<u32>().is_ok_and(|kept| kept < 200), "{kept}");
}

/// Guests of a full server, under load, never see each other's transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_foreign_session() {
    let Some(database) = database(3).await else { return };
    let database = Arc::new(database);
    let guests = (0..24).map(|guest| {
        let database = database.clone();
        tokio::spawn(async move {
            for turn in 0..20 {
                let connection = database.open();
                let mine = format!("{guest}-{turn}");
                let tenant = "SELECT coalesce(current_setting('app.tenant', true), '')";
                let found = only(rows(&connection, tenant).await);
                assert_eq!(found, "", "left by another");
                execute(&connection, "BEGIN").await.expect("begun");
                let set = "SELECT set_config('app.tenant', $1, $2)"
                    .replace("$2", if turn % 3 == 0 { "false" } else { "true" });
                let value = vec![ParameterValue::Str(mine.clone())];
                connection.query(set, value).await.expect("set");
                assert_eq!(only(rows(&connection, tenant).await), mine);
                match turn % 4 {
                    0 => execute(&connection, "COMMIT").await.map(|_| ()).expect("committed"),
                    1 => execute(&connection, "ROLLBACK").await.map(|_| ()).expect("undone"),
                    2 => {
                        let sleep = rows(&connection, "SELECT pg_sleep(1)");
                        let _ = tokio::time::timeout(Duration::from_millis(2), sleep).await;
                    }
                    _ => {}
                }
            }
        })
    });
    for guest in guests.collect::<Vec<_>>() {
        guest.await.expect("only its own");
    }
}
