//! Tests of transactions whose BEGIN is sent late.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The BEGIN that was answered early is in effect when the first statement runs.
#[tokio::test]
async fn a_transaction_is_one() {
    let database = database(1).await;
    let guest = database.open();
    execute(&guest, "CREATE TEMP TABLE t (a int PRIMARY KEY)").await.expect("created");
    for sql in ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"] {
        // The first time the server does not know the statement yet, the second time it does.
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

/// A failed statement aborts the transaction. That holds for the first statement too, although the
/// server has not seen the BEGIN when that statement is prepared.
#[tokio::test]
async fn a_failed_transaction_stays_failed() {
    let database = database(1).await;
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

/// A relay to the server that counts round trips. It counts how often the client sends again after
/// the server has answered.
async fn relay(to: String) -> (u16, Arc<AtomicU32>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let trips = Arc::new(AtomicU32::new(0));
    let counted = trips.clone();
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.expect("a client");
        let mut server = TcpStream::connect(to).await.expect("a server");
        let (mut asked, mut answer) = ([0; 4096], [0; 4096]);
        let mut answered = true;
        loop {
            tokio::select! {
                read = client.read(&mut asked) => match read {
                    Ok(length) if length > 0 => {
                        counted.fetch_add(u32::from(answered), Ordering::Relaxed);
                        answered = false;
                        server.write_all(&asked[..length]).await.expect("sent");
                    }
                    _ => return,
                },
                read = server.read(&mut answer) => match read {
                    Ok(length) if length > 0 => {
                        answered = true;
                        client.write_all(&answer[..length]).await.expect("sent");
                    }
                    _ => return,
                },
            }
        }
    });
    (port, trips)
}

const SETTINGS: &str = "SELECT set_config('a.b', 'c', true), pg_advisory_xact_lock(7)";

/// Settings that are sent late are in effect when the next statement runs, and end with the
/// transaction.
#[tokio::test]
async fn settings_come_before_the_next_statement() {
    let database = database(2).await;
    let guest = database.open();
    let read = "SELECT coalesce(current_setting('a.b', true), '')";
    for read in [read, read, "SELECT current_setting('a.b', true) AS never_seen_before"] {
        execute(&guest, "BEGIN").await.expect("begun");
        assert_eq!(execute(&guest, SETTINGS).await.expect("set"), 1);
        assert_eq!(only(rows(&guest, read).await), "c");
        execute(&guest, "COMMIT").await.expect("committed");
    }
    assert_eq!(only(rows(&guest, read).await), "");
    // Settings whose rows somebody reads, and settings outside of a transaction, are sent at once.
    execute(&guest, "BEGIN").await.expect("begun");
    let own = "SELECT set_config('a.b', 'd', true)";
    assert_eq!(only(rows(&guest, own).await), "d");
    execute(&guest, "ROLLBACK").await.expect("undone");
    assert_eq!(execute(&guest, own).await.expect("set"), 1);
}

/// If the settings fail, then the next statement does not run, and its error is theirs.
#[tokio::test]
async fn settings_that_fail_stop_the_transaction() {
    let database = database(2).await;
    let (holder, guest) = (database.open(), database.open());
    execute(&guest, "CREATE TEMP TABLE t (a int)").await.expect("created");
    execute(&guest, "INSERT INTO t VALUES (1)").await.expect("known");
    execute(&holder, "BEGIN").await.expect("begun");
    execute(&holder, "SELECT pg_advisory_xact_lock(8)").await.expect("locked");
    let waits = "SELECT set_config('lock_timeout', '50ms', true), pg_advisory_xact_lock(8)";
    for _ in 0..2 {
        execute(&guest, "BEGIN").await.expect("begun");
        execute(&guest, waits).await.expect("is sent later");
        assert_eq!(code(execute(&guest, "INSERT INTO t VALUES (1)").await), "55P03");
        assert_eq!(code(rows(&guest, "SELECT 1").await), "25P02");
        execute(&guest, "ROLLBACK").await.expect("undone");
        assert_eq!(only(rows(&guest, "SELECT count(*) FROM t").await), "1");
    }
    // What cannot be prepared ends the session: nothing may run outside of the transaction.
    execute(&guest, "BEGIN").await.expect("begun");
    execute(&guest, "SELECT set_config('a.b', nothing, true)").await.expect("is sent later");
    execute(&guest, "INSERT INTO t VALUES (1)").await.expect_err("no settings");
    assert!(words(rows(&guest, "SELECT 1").await).contains("kind: Closed"));
}

/// A transaction costs one round trip more than its statements. One that is rolled back costs none.
#[tokio::test]
async fn round_trips_are_saved() {
    let direct = database(1).await;
    let (host, port) = direct.place();
    let (relay_port, trips) = relay(format!("{host}:{port}")).await;
    let database = direct.through(relay_port);
    let guest = database.open();
    let trips = || trips.load(Ordering::Relaxed);
    execute(&guest, "SELECT 1").await.expect("connected and prepared");
    for (statements, expected) in [
        (&["SELECT 1"][..], 1),
        (&["BEGIN", "SELECT 1"], 1),
        (&["SELECT 1", "COMMIT"], 2),
        (&["BEGIN", "SELECT 1", "COMMIT"], 2),
        (&["BEGIN", "COMMIT", "ROLLBACK"], 0),
        (&["BEGIN", SETTINGS, "COMMIT"], 0),
        // The server does not know the settings yet.
        (&["BEGIN", SETTINGS, "SELECT 1", "COMMIT"], 3),
        (&["BEGIN", SETTINGS, "SELECT 1", "COMMIT"], 2),
        (&["BEGIN READ ONLY", "SELECT 1", "SELECT 1"], 2),
    ] {
        let before = trips();
        for sql in statements {
            execute(&guest, sql).await.expect(sql);
        }
        assert_eq!(trips() - before, expected, "{statements:?}");
    }
    // The ROLLBACK is sent alone, but nobody waits for its answer.
    execute(&guest, "ROLLBACK").await.expect("undone");
    assert_eq!(only(rows(&guest, "SELECT count(*) FROM pg_locks WHERE false").await), "0");
}
