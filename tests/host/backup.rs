//! `tenantry backup` while a server writes, and `tenantry restore` of the backup.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::json;

use crate::prove::crash::write;
use crate::support::process::{Process, Setting};
use crate::support::server::{PASSWORD, UNLIMITED, options, start};
use crate::support::{Client, Placement, dedicated};
use host::{BackedUp, Restore, Restored, SCHEMA_VERSION};

embedded! {
    a_backup_under_load_is_restored() a_backup_overwrites_nothing() a_bad_file_is_refused()
    a_database_that_is_there_is_kept() leftovers_are_moved_away()
}
pure! { the_schema_version_is_the_number_of_migrations() }

const WRITERS: usize = 4;
/// Bytes that make the copy take so long that writes happen meanwhile.
const BALLAST: usize = 64 << 20;

fn backup(data: &Path, file: &Path) -> anyhow::Result<BackedUp> {
    host::backup(file, data, None, |_| {})
}

fn restore(file: &Path, data: &Path, force: bool) -> anyhow::Result<Restored> {
    let (file, data) = (file.to_owned(), data.to_owned());
    let newest_schema = SCHEMA_VERSION;
    let options = Restore { file, data, runtime_config: None, force, newest_schema };
    host::restore(&options, |_| {})
}

#[track_caller]
fn refused<T>(result: anyhow::Result<T>, words: &[&str]) {
    let error = format!("{:#}", result.err().expect("a refusal"));
    for word in words {
        assert!(error.contains(word), "{word:?} is not in: {error}");
    }
    assert!(!error.contains('\n'), "{error}");
}

/// Every file below a directory, with its content.
fn content(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries =
        std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

fn count(database: &Path, rows: &str) -> i64 {
    let database = Connection::open(database).unwrap();
    database.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).unwrap()
}

/// Writes until it is told to stop. Returns each project with the time of its acknowledgement.
fn writer(
    client: &Client,
    number: usize,
    stop: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<Vec<(Instant, String)>> {
    let (client, stop) = (client.clone(), stop.clone());
    tokio::spawn(async move {
        let mut made = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let id = write(&client, &format!("w{number}-n{}", made.len())).await.unwrap();
            made.push((Instant::now(), id));
        }
        made
    })
}

/// A backup under load delays no writer, is a consistent snapshot, and has every write that was
/// acknowledged before it began.
async fn a_backup_under_load_is_restored() {
    let directory = tempfile::tempdir().unwrap();
    let (data, file) = (directory.path().join("data"), directory.path().join("backup.db"));
    std::fs::create_dir(&data).unwrap();
    let mut process = Process::spawn(&Setting::new(&data, Placement::Fused));
    let owner = process.app.owner().await;
    let ballast = "CREATE TABLE ballast (bytes BLOB NOT NULL)";
    let database = Connection::open(data.join("sqlite.db")).unwrap();
    database.execute_batch(ballast).unwrap();
    for _ in 0..BALLAST >> 20 {
        database.execute("INSERT INTO ballast VALUES (randomblob(1048576))", []).unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS).map(|number| writer(&owner, number, &stop)).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let begun = Instant::now();
    let done = tokio::task::spawn_blocking({
        let (data, file) = (data.clone(), file.clone());
        move || backup(&data, &file).unwrap()
    });
    let done = done.await.unwrap();
    let ended = Instant::now();
    stop.store(true, Ordering::Relaxed);
    let mut made = Vec::new();
    for writer in writers {
        made.extend(writer.await.unwrap());
    }
    process.kill();
    let before: Vec<_> = made.iter().filter(|(at, _)| *at < begun).map(|(_, id)| id).collect();
    let meanwhile = made.iter().filter(|(at, _)| (begun..ended).contains(at)).count();
    assert!(before.len() > WRITERS && meanwhile > WRITERS, "{} {meanwhile}", before.len());
    assert!(done.bytes as usize > BALLAST, "{done:?}");

    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let elsewhere = directory.path().join("elsewhere");
    let restored = restore(&file, &elsewhere, false).unwrap();
    assert_eq!((restored.schema, restored.kept), (SCHEMA_VERSION, None));
    // Each backup is one file, without a WAL or a partial copy beside it.
    let names: Vec<_> = content(directory.path()).into_keys().collect();
    assert_eq!(names, [file]);
    let names: Vec<_> = content(&elsewhere).into_keys().collect();
    assert_eq!(names, ["key_value.db", "sqlite.db"].map(|name| elsewhere.join(name)));
    let projects = count(&elsewhere.join("sqlite.db"), "projects");
    let events = count(&elsewhere.join("sqlite.db"), "events WHERE type = 'project.created'");
    assert_eq!(projects, events, "a project and its event are one transaction");

    let (app, server) = start(options(Placement::Fused, &elsewhere, &UNLIMITED)).await;
    let again = Client::new(&app.base, Some(owner.token()));
    for id in before {
        again.get(&format!("/api/v1/projects/{id}")).await.expect(200);
    }
    let login = json!({ "email": owner.session["user"]["email"], "password": PASSWORD });
    app.anon().post("/api/v1/auth/login", &login).await.expect(200);
    let feed = again.get("/api/v1/events?limit=1").await.expect(200);
    assert_eq!(feed.body["items"][0]["type"], "tenant.created");
    again.post("/api/v1/projects", &json!({ "name": "after" })).await.expect(201);
    server.shutdown().await.unwrap();
}

/// A backup never replaces a file, and needs a database.
async fn a_backup_overwrites_nothing() {
    let (app, server, directory) = dedicated(Placement::Fused, &[]).await;
    app.owner().await;
    let backups = tempfile::tempdir().unwrap();
    let file = backups.path().join("mine.db");
    std::fs::write(&file, "mine").unwrap();
    refused(backup(directory.path(), &file), &["mine.db: exists already", "choose another name"]);
    refused(backup(directory.path(), backups.path()), &["is a directory"]);
    let other = backups.path().join("other.db");
    refused(backup(&backups.path().join("none"), &other), &["there is no database", "--data"]);
    std::fs::write(backups.path().join("other.db.partial"), "of another").unwrap();
    refused(backup(directory.path(), &other), &["other.db.partial: exists already"]);
    let kept = [("mine.db", "mine"), ("other.db.partial", "of another")];
    let kept = kept.map(|(name, text)| (backups.path().join(name), text.as_bytes().to_vec()));
    assert_eq!(content(backups.path()), kept.into());
    server.shutdown().await.unwrap();
}

/// A file that is not an intact database of this release is refused, and nothing is made.
async fn a_bad_file_is_refused() {
    let (app, server, directory) = dedicated(Placement::Fused, &[]).await;
    let owner = app.owner().await;
    for number in 0..100 {
        owner.post("/api/v1/projects", &json!({ "name": format!("p{number}") })).await.expect(201);
    }
    let backups = tempfile::tempdir().unwrap();
    let good = backups.path().join("good.db");
    backup(directory.path(), &good).unwrap();
    server.shutdown().await.unwrap();

    let data = backups.path().join("data");
    let named = |name: &str| backups.path().join(name);
    refused(restore(&named("none.db"), &data, false), &["none.db: there is no such file"]);
    std::fs::write(named("text.db"), "not a database ".repeat(1000)).unwrap();
    refused(restore(&named("text.db"), &data, false), &["text.db: not a SQLite database"]);
    let mut bytes = std::fs::read(&good).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0xA5);
    std::fs::write(named("damaged.db"), bytes).unwrap();
    refused(
        restore(&named("damaged.db"), &data, false),
        &["damaged.db: not restored, use another backup"],
    );
    let other = Connection::open(named("other.db")).unwrap();
    other.execute_batch("CREATE TABLE other (id INTEGER)").unwrap();
    refused(restore(&named("other.db"), &data, false), &["other.db: not a database of Tenantry"]);
    std::fs::copy(&good, named("newer.db")).unwrap();
    let newer = Connection::open(named("newer.db")).unwrap();
    newer.execute("INSERT INTO schema_migrations VALUES (?1, 0)", [SCHEMA_VERSION + 1]).unwrap();
    refused(restore(&named("newer.db"), &data, false), &["newer.db: its schema has version"]);
    assert!(!data.exists());
    restore(&good, &data, false).unwrap();
}

/// A database that is in use or in the way stays. With `force` it is kept under another name, and
/// the entries of the key-value stores are deleted.
async fn a_database_that_is_there_is_kept() {
    let (app, server, directory) = dedicated(Placement::Fused, &[]).await;
    let owner = app.owner().await;
    let data = directory.path();
    let backups = tempfile::tempdir().unwrap();
    let file = backups.path().join("backup.db");
    backup(data, &file).unwrap();
    let later = owner.post("/api/v1/projects", &json!({ "name": "later" })).await.expect(201);
    for force in [false, true] {
        refused(restore(&file, data, force), &["key_value.db: in use; stop the server"]);
    }
    owner.get(&format!("/api/v1/projects/{}", later.id())).await.expect(200);
    server.shutdown().await.unwrap();

    let database = data.join("sqlite.db");
    assert!(count(&data.join("key_value.db"), "key_value") > 0);
    refused(restore(&file, data, false), &["sqlite.db: there is a database already", "--force"]);
    assert_eq!(count(&database, "projects"), 1);
    let reader = Connection::open(&database).unwrap();
    reader.query_row("SELECT count(*) FROM projects", [], |_| Ok(())).unwrap();
    refused(restore(&file, data, true), &["sqlite.db: in use"]);
    drop(reader);
    assert!(count(&data.join("key_value.db"), "key_value") > 0);

    let restored = restore(&file, data, true).unwrap();
    let kept = data.join("sqlite.db.before-restore");
    assert_eq!(restored.kept.as_ref(), Some(&kept));
    assert_eq!((count(&database, "projects"), count(&kept, "projects")), (0, 1));
    assert_eq!(count(&data.join("key_value.db"), "key_value"), 0);
    refused(restore(&file, data, true), &["before-restore: an earlier restore"]);

    let (app, server) = start(options(Placement::Fused, data, &UNLIMITED)).await;
    let again = Client::new(&app.base, Some(owner.token()));
    again.get(&format!("/api/v1/projects/{}", later.id())).await.refused(404, "resource_not_found");
    server.shutdown().await.unwrap();
}

/// Files that a lost database left beside it do not become part of the restored one. A damaged
/// database is kept as it is, together with the files beside it.
async fn leftovers_are_moved_away() {
    let (app, server, directory) = dedicated(Placement::Fused, &[]).await;
    app.owner().await;
    let other = tempfile::tempdir().unwrap();
    let file = other.path().join("backup.db");
    backup(directory.path(), &file).unwrap();
    server.shutdown().await.unwrap();

    let data = other.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let leave =
        |suffix: &str| std::fs::write(data.join(format!("sqlite.db{suffix}")), "old").unwrap();
    ["-wal", "-shm", "-journal"].iter().for_each(|suffix| leave(suffix));
    restore(&file, &data, false).unwrap();
    let names: Vec<_> = content(&data).into_keys().collect();
    assert_eq!(names, ["key_value.db", "sqlite.db"].map(|name| data.join(name)));
    assert_eq!(count(&data.join("sqlite.db"), "users"), 1);

    ["", "-wal"].iter().for_each(|suffix| leave(suffix));
    let store = std::fs::read(data.join("key_value.db")).unwrap();
    std::fs::write(data.join("key_value.db"), "damaged ".repeat(1000)).unwrap();
    refused(restore(&file, &data, true), &["key_value.db: cannot be emptied; remove it"]);
    std::fs::write(data.join("key_value.db"), store).unwrap();
    restore(&file, &data, true).unwrap();
    assert_eq!(count(&data.join("sqlite.db"), "users"), 1);
    for suffix in ["", "-wal"] {
        let kept = data.join(format!("sqlite.db.before-restore{suffix}"));
        assert_eq!(std::fs::read(&kept).unwrap(), b"old", "{suffix}");
    }
}

/// The schema version of the release is the number of its migrations.
fn the_schema_version_is_the_number_of_migrations() {
    let migrations = std::fs::read_dir(crate::support::server::root().join("migrations")).unwrap();
    let files = migrations.map(|entry| entry.unwrap().path());
    let numbered = |name: &str| name.starts_with(|first: char| first.is_ascii_digit());
    let files = files.filter(|path| numbered(&path.file_name().unwrap().to_string_lossy())).count();
    assert_eq!(SCHEMA_VERSION, i64::try_from(files).unwrap());
}
