//! Tests that no guest sees state of another guest.

use super::*;
use std::sync::Arc;

/// The next guest gets the same physical connection, without the open transaction.
#[tokio::test]
async fn an_open_transaction_is_not_inherited() {
    let database = database(1).await;
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

/// Settings, temporary tables, locks, cursors and channels end with their guest.
#[tokio::test]
async fn state_of_a_session_is_not_inherited() {
    let database = database(1).await;
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
    let cursors = "pg_cursors WHERE name = 'left_open'";
    for left in [locks, cursors, "pg_listening_channels()"] {
        assert_eq!(only(rows(&second, &count(left)).await), "0", "{left}");
    }
}

/// A connection is closed if the guest has prepared statements on it, or has done anything unknown.
#[tokio::test]
async fn what_cannot_be_reset_is_closed() {
    let database = database(1).await;
    let first = database.open();
    execute(&first, "PREPARE left_over AS SELECT 1").await.expect("prepared");
    let pid = only(rows(&first, PID).await);
    assert_eq!(execute(&first, "DEALLOCATE ALL").await.expect("deallocated"), 0);
    assert_eq!(only(rows(&first, PID).await), pid, "statements are prepared again");
    drop(first);
    assert_ne!(only(rows(&database.open(), PID).await), pid);
}

/// A connection may be dropped on a thread without a runtime.
#[tokio::test]
async fn a_thread_without_a_runtime_may_drop() {
    let database = database(1).await;
    let guest = database.open();
    execute(&guest, "BEGIN").await.expect("begun");
    let pid = only(rows(&guest, PID).await);
    std::thread::spawn(move || drop(guest)).join().expect("no panic");
    assert_eq!(only(rows(&database.open(), PID).await), pid);
}

/// Statements of one handle run one after another. Handles do not share a session.
#[tokio::test]
async fn handles_are_sessions() {
    let database = database(2).await;
    let (one, two) = (database.open(), database.open());
    let same = one.clone();
    let (a, b, c) = tokio::join!(rows(&one, PID), rows(&same, PID), rows(&two, PID));
    let (a, b, c) = (only(a), only(b), only(c));
    assert!(a == b && a != c, "{a} {b} {c}");
}

/// Under load, guests of a full pool never see each other's transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sees_a_foreign_session() {
    let database = database(3).await;
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
