//! Tests of one statement: its time, its size, its errors.

use super::*;

/// After DDL the server refuses its cached plan. The guest does not notice that.
#[tokio::test]
async fn a_stale_plan_is_made_again() {
    let database = database(1).await;
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

/// A statement that takes too long is ended on the server too. Its connection is not used again.
#[tokio::test]
async fn a_statement_has_its_time() {
    let mut database = database(1).await;
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

/// A guest disappears during a statement, as it does after a trap.
#[tokio::test]
async fn an_abandoned_statement_is_cancelled() {
    let database = database(1).await;
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

/// COPY is refused, because it would leave the connection in another mode.
#[tokio::test]
async fn copy_is_refused_and_harms_nobody() {
    let database = database(1).await;
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
    let database = database(1).await;
    let guest = database.open();
    execute(&guest, "BEGIN").await.expect("begun");
    let large = "SELECT repeat('x', 1000000) FROM generate_series(1, 70)";
    assert!(words(rows(&guest, large).await).contains("larger than 67108864 bytes"));
    assert_eq!(execute(&guest, large).await.expect("counted"), 70);
    assert_eq!(only(rows(&guest, "SELECT 1").await), "1", "the session goes on");
}

#[tokio::test]
async fn errors_are_those_of_the_server() {
    let database = database(1).await;
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

/// The cache of statements has a bound.
#[tokio::test]
async fn many_statements_are_not_all_kept() {
    let database = database(1).await;
    let guest = database.open();
    for number in 0..600 {
        rows(&guest, &format!("SELECT {number}")).await.expect("a number");
    }
    let kept = only(rows(&guest, "SELECT count(*) FROM pg_prepared_statements").await);
    assert!(kept.parse::<u32>().is_ok_and(|kept| kept < 200), "{kept}");
}
