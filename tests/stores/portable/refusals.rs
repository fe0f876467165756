//! Exports and imports that are refused, and that then change nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use migrations::VERSION;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::support::stores::admin_url;

external! { bad_files() bad_targets() bad_embedded_targets() bad_sources() }

/// Makes a schema look like that of the release before.
static OLDER: LazyLock<String> =
    LazyLock::new(|| format!("DELETE FROM schema_migrations WHERE version = {VERSION}"));
/// Makes a schema look like that of the release after.
static NEWER: LazyLock<String> =
    LazyLock::new(|| format!("INSERT INTO schema_migrations VALUES ({}, 0)", VERSION + 1));

#[track_caller]
fn refused<T>(result: anyhow::Result<T>, words: &[&str]) {
    let error = format!("{:#}", result.err().expect("a refusal"));
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
    assert!(!error.contains('\n') && !error.contains(":test@"), "{error}");
}

/// An export of a few rows, as its lines.
async fn exported(directory: &Path) -> Vec<String> {
    let data = directory.join("original");
    let (app, server) = on_sqlite(&data).await;
    let owner = app.owner().await;
    for number in 0..3 {
        write(&owner, &format!("n{number}")).await.unwrap();
    }
    let file = directory.join("good.jsonl");
    export(&file, &embedded(&data)).await.unwrap();
    server.shutdown().await.unwrap();
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

/// Lines with the end record that matches them.
fn sealed(lines: &[String]) -> String {
    let text = lines.iter().fold(String::new(), |text, line| text + line + "\n");
    let hash = hex::encode(Sha256::digest(&text));
    format!("{text}{{\"end\":true,\"rows\":{},\"sha256\":\"{hash}\"}}\n", lines.len() - 1)
}

/// Everything in a database that an import could change, besides rows.
async fn state(database: &str) -> (Rows, Vec<Vec<String>>) {
    let client = connect(&url("owner", database)).await;
    let other = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                 UNION ALL SELECT last_value || ' ' || is_called FROM events_seq \
                 UNION ALL SELECT version::TEXT FROM schema_migrations ORDER BY 1";
    (rows_in_postgres(database).await, rows_of(&client, other).await)
}

/// Both stores refuse a file that is not a whole export of this schema, whether the fault is found
/// before or after the import has begun.
async fn bad_files() {
    let directory = tempfile::tempdir().unwrap();
    let lines = exported(directory.path()).await;
    let (name, data) = (stores::database(), directory.path().join("target"));
    let before = state(&name).await;
    let good = lines.join("\n") + "\n";
    let rows = &lines[..lines.len() - 1];
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let schema = |version: i64| format!("\"schema\":{version},");
    let again = |change: &dyn Fn(&mut Vec<String>)| {
        let mut rows = rows.to_vec();
        change(&mut rows);
        sealed(&rows)
    };
    let place = |table: &str| {
        rows.iter().position(|row| row.contains(&format!("\"table\":\"{table}\""))).unwrap()
    };
    assert_eq!(again(&|_| {}), good, "the rule for the end");
    let cases: Vec<(String, &[&str])> = vec![
        (String::new(), &["not an export of Tenantry", "tenantry export"]),
        ("{}\n".to_owned(), &["not an export of Tenantry"]),
        (good[..40].to_owned(), &["not an export of Tenantry"]),
        (good[..good.len() / 2].to_owned(), &["is cut off in line"]),
        (rows.join("\n") + "\n", &["is cut off in line"]),
        (good[..good.len() - 1].to_owned(), &["is cut off in line"]),
        (with("\"name\":\"n1\"", "\"name\":\"n7\""), &["was changed", "checksum"]),
        (
            with("\"name\":\"n1\"", "\"name\":n1\""),
            &["line", "was changed, so this line is not a row"],
        ),
        (
            with("\"version\":1", "\"version\":1.5"),
            &["line", "was changed, so this line is not a row"],
        ),
        (good.replacen("\"rows\":", "\"rows\":1", 1), &["was changed", "checksum"]),
        (with("\"exported_at\":\"2", "\"exported_at\":\"1"), &["was changed", "checksum"]),
        (good.clone() + "\n", &["has lines after its end"]),
        (
            with(&schema(VERSION), &schema(VERSION - 1)),
            &["its schema has version", "release that made it"],
        ),
        (with(&schema(VERSION), &schema(VERSION + 1)), &["its schema has version"]),
        (with("_export\":1", "_export\":2"), &["of format 2"]),
        (
            again(&|rows| rows[1] = rows[1].replace("\"table\":\"", "\"table\":\"x")),
            &["line 2: there is no table"],
        ),
        (
            again(&|rows| rows[1] = rows[1].replace("\"created_at\"", "\"other\"")),
            &["line 2: table users has other columns"],
        ),
        (again(&|rows| drop(rows.remove(place("tenants")))), &["table refresh_tokens"]),
        (again(&|rows| rows.push(rows[place("projects")].clone())), &["table projects"]),
        (
            again(&|rows| {
                let at = place("projects");
                rows[at] = rows[at].replace("\"ACTIVE\"", "null");
            }),
            &["table projects"],
        ),
    ];
    for (text, says) in cases {
        let file = directory.path().join("bad.jsonl");
        fs::write(&file, &text).unwrap();
        for target in [postgres("owner", &name), embedded(&data)] {
            refused(import(&file, &target).await, says);
        }
        assert_eq!(state(&name).await, before, "{says:?}");
        assert!(!data.join("sqlite.db").exists() && !data.join("sqlite.db.partial").exists());
    }
    let target = postgres("owner", &name);
    let null = again(&|rows| {
        rows[place("projects")] = rows[place("projects")].replace("\"n0\"", "\"n\\u0000\"")
    });
    fs::write(directory.path().join("null.jsonl"), null).unwrap();
    let file = directory.path().join("null.jsonl");
    refused(import(&file, &target).await, &["projects.name has the character U+0000", "remove it"]);
    refused(import(directory.path(), &target).await, &["is not a regular file"]);
    refused(
        import(&directory.path().join("none"), &target).await,
        &["none: there is no such file"],
    );
    assert_eq!(state(&name).await, before);
    // A target that has refused so often still accepts the good file.
    for target in [target, embedded(&data)] {
        import(&directory.path().join("good.jsonl"), &target).await.unwrap();
    }
}

/// A target with rows, of another schema, in use, or for another role stays as it is.
async fn bad_targets() {
    let directory = tempfile::tempdir().unwrap();
    exported(directory.path()).await;
    let file = directory.path().join("good.jsonl");
    let (empty, full, older) = (stores::database(), stores::database(), stores::database());
    import(&file, &postgres("owner", &full)).await.unwrap();
    connect(&url("owner", &older)).await.batch_execute(&OLDER).await.unwrap();
    let bare = format!("{empty}_bare");
    connect(&admin_url()).await.batch_execute(&format!("CREATE DATABASE {bare}")).await.unwrap();
    for (target, says) in [
        (postgres("owner", &full), ["table users has rows already", "CREATE DATABASE"]),
        (postgres("owner", &older), ["has schema version", "tenantry migrate"]),
        (postgres("owner", &bare), ["has schema version 0", "tenantry migrate"]),
        (
            postgres("app", &empty),
            ["does not see the rows of all tenants", "role that owns the tables"],
        ),
        (
            postgres("owner", "there_is_none"),
            ["there_is_none", "create it, or name one that exists"],
        ),
        (Store::Postgres("x".to_owned()), ["--database-url", "write postgres://"]),
    ] {
        let before = (state(&empty).await, state(&full).await, state(&older).await);
        refused(import(&file, &target).await, &[&says[..], &["--database-url: "]].concat());
        assert_eq!((state(&empty).await, state(&full).await, state(&older).await), before);
    }
    // A role that may see everything but owns nothing may export, but not import.
    let reader = format!("{empty}_reader");
    let admin = connect(&admin_url()).await;
    admin
        .batch_execute(&format!("CREATE ROLE {reader} LOGIN BYPASSRLS PASSWORD 'test'"))
        .await
        .unwrap();
    for name in [&empty, &full] {
        let granted = format!(
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}; GRANT SELECT ON events_seq TO {reader}"
        );
        connect(&url("owner", name)).await.batch_execute(&granted).await.unwrap();
    }
    let as_reader = |name: &str| {
        let url = url("app", name);
        let (scheme, rest) = url.split_once("://").unwrap();
        Store::Postgres(format!("{scheme}://{reader}:{}", rest.split_once(':').unwrap().1))
    };
    let before = state(&empty).await;
    refused(import(&file, &as_reader(&empty)).await, &["does not own the tables"]);
    assert_eq!(state(&empty).await, before);
    export(&directory.path().join("reader.jsonl"), &as_reader(&full)).await.unwrap();
    let data = directory.path().join("of_reader");
    import(&directory.path().join("reader.jsonl"), &embedded(&data)).await.unwrap();
    same(&rows_in_sqlite(&data), &rows_in_sqlite(&directory.path().join("original")));
    let gone = format!("DROP OWNED BY {reader}");
    for name in [&empty, &full] {
        let (start, _) =
            admin_url().rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        connect(&format!("{start}/{name}?sslmode=disable"))
            .await
            .batch_execute(&gone)
            .await
            .unwrap();
    }
    admin.batch_execute(&format!("DROP ROLE {reader}")).await.unwrap();
}

/// An embedded store with rows, or with a running server, stays as it is. One without rows is
/// replaced, and entries of key-value stores from the former state are removed.
async fn bad_embedded_targets() {
    let directory = tempfile::tempdir().unwrap();
    exported(directory.path()).await;
    let file = directory.path().join("good.jsonl");
    let original = directory.path().join("original");
    let content = |data: &Path| fs::read(data.join("sqlite.db")).unwrap();
    let before = content(&original);
    refused(
        import(&file, &embedded(&original)).await,
        &["sqlite.db: table", "has rows already", "--data"],
    );
    assert_eq!(content(&original), before);

    let data = directory.path().join("served");
    let (app, server) = on_sqlite(&data).await;
    app.anon().get("/.well-known/jwks.json").await.expect(200);
    refused(import(&file, &embedded(&data)).await, &["key_value.db: in use; stop the server"]);
    app.owner().await;
    server.shutdown().await.unwrap();
    assert_ne!(stored(&data), 0);
    open(&data)
        .execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM idempotency_receipts")
        .unwrap();
    for table in migrations::TABLES {
        open(&data)
            .execute_batch(&format!("PRAGMA foreign_keys = OFF; DELETE FROM {table}"))
            .unwrap();
    }
    open(&data).execute_batch("CREATE TABLE mine (id INT); INSERT INTO mine VALUES (1)").unwrap();
    refused(import(&file, &embedded(&data)).await, &["table mine has rows already"]);
    open(&data).execute_batch("DROP TABLE mine").unwrap();
    import(&file, &embedded(&data)).await.unwrap();
    same(&rows_in_sqlite(&data), &rows_in_sqlite(&original));
    assert_eq!(stored(&data), 0);
}

fn stored(data: &Path) -> i64 {
    let file = Connection::open(data.join("key_value.db")).unwrap();
    file.query_row("SELECT count(*) FROM key_value", [], |row| row.get(0)).unwrap()
}

/// A source that cannot be exported as a whole is not exported at all, and no file is overwritten.
async fn bad_sources() {
    let directory = tempfile::tempdir().unwrap();
    exported(directory.path()).await;
    let name = stores::database();
    let older = stores::database();
    connect(&url("owner", &older)).await.batch_execute(&OLDER).await.unwrap();
    let more = stores::database();
    let table = "CREATE TABLE mine (id INT)";
    connect(&url("owner", &more)).await.batch_execute(table).await.unwrap();
    let data = |name: &str| -> PathBuf {
        let data = directory.path().join(name);
        fs::create_dir(&data).unwrap();
        fs::copy(directory.path().join("original/sqlite.db"), data.join("sqlite.db")).unwrap();
        data
    };
    let (old, newer, strange) = (data("old"), data("newer"), data("strange"));
    let larger = data("larger");
    open(&larger).execute_batch(table).unwrap();
    open(&old).execute_batch(&OLDER).unwrap();
    open(&newer).execute_batch(&NEWER).unwrap();
    open(&strange).execute_batch("UPDATE projects SET name = x'ff' WHERE name = 'n1'").unwrap();
    let file = directory.path().join("new.jsonl");
    for (source, says) in [
        (postgres("app", &name), ["--database-url: role", "does not see the rows of all tenants"]),
        (postgres("owner", &older), ["--database-url: ", "tenantry migrate"]),
        (embedded(&old), ["has schema version", "brings it up to date"]),
        (embedded(&newer), ["has schema version", "newer release"]),
        (embedded(&strange), ["projects.name", "Blob"]),
        (embedded(&larger), ["sqlite.db: no migration of this release makes mine", "move it"]),
        (
            postgres("owner", &more),
            ["--database-url: no migration of this release makes mine", "move it"],
        ),
        (
            embedded(&directory.path().join("none")),
            ["none/sqlite.db: there is no database", "--data"],
        ),
    ] {
        refused(export(&file, &source).await, &says);
        assert!(!file.exists() && !directory.path().join("new.jsonl.partial").exists());
    }
    fs::write(&file, "mine").unwrap();
    let good = embedded(&directory.path().join("original"));
    refused(export(&file, &good).await, &["new.jsonl: exists already", "choose another name"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}
