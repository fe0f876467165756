//! `tenantry doctor`: what it finds, that each problem has a remedy, and that it changes nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Connection;

use crate::support::Placement;
use crate::support::server::{UNLIMITED, plain_options, root, start};
use crate::support::servers::free_port;
use crate::support::stores::{self, admin_url, connect, host, url, wait};
use host::{Finding, Options, SCHEMA_VERSION, Verdict};

logic! {
    a_fresh_place_is_good() a_used_place_is_good_with_its_key() the_public_master_key_is_told()
    damaged_files_are_told() mistakes_in_settings_are_told() a_redis_that_is_away_is_told()
    a_postgres_that_is_away_is_told()
}
external! { postgres_is_examined() }

/// Options of a server in a directory that may not exist.
fn options(data: &Path, variables: &[(&str, &str)]) -> Options {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let master = ("master_key".to_owned(), STANDARD.encode([7; 32]));
    Options {
        manifest: root().join("spin.toml"),
        data: data.to_path_buf(),
        variables: std::iter::once(master).chain(variables.iter().map(own)).collect(),
        ..Options::default()
    }
}

/// The findings. A finding that is not good has a remedy, and a good one has none. The data
/// directory is the same before and after.
async fn examine(options: &Options) -> Vec<Finding> {
    let before = files(&options.data);
    let found = host::doctor(options).await;
    assert_eq!(files(&options.data), before, "a look changes nothing");
    for finding in &found {
        let good = finding.verdict == Verdict::Pass;
        assert_eq!(finding.remedy.is_empty(), good, "{finding:?}");
        assert!(!finding.text.contains('\n') && !finding.remedy.contains('\n'), "{finding:?}");
        assert!(!finding.text.contains(":test@"), "no password: {finding:?}");
    }
    found
}

/// Every file of a directory with its content, or `None` if the directory does not exist.
fn files(directory: &Path) -> Option<BTreeMap<PathBuf, Vec<u8>>> {
    let entries = std::fs::read_dir(directory).ok()?.map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    Some(files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect())
}

#[track_caller]
fn all_good(found: &[Finding]) {
    let worse: Vec<_> = found.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    assert!(worse.is_empty(), "{worse:?}");
}

/// Checks that exactly one finding is not good, and that it is this one.
#[track_caller]
fn only(found: &[Finding], subject: &str, verdict: Verdict, text: &str, remedy: &str) {
    let mut worse = found.iter().filter(|finding| finding.verdict != Verdict::Pass);
    let one = worse.next().unwrap_or_else(|| panic!("all is good: {found:?}"));
    assert_eq!((one.subject, one.verdict), (subject, verdict), "{one:?}");
    assert!(one.text.contains(text), "{text:?} is not in {:?}", one.text);
    assert!(one.remedy.contains(remedy), "{remedy:?} is not in {:?}", one.remedy);
    assert_eq!(worse.next(), None);
}

#[track_caller]
fn says(found: &[Finding], subject: &str, text: &str) {
    let mut about = found.iter().filter(|finding| finding.subject == subject);
    assert!(about.any(|finding| finding.text.contains(text)), "{subject}: {text:?}: {found:?}");
}

/// Before the first start there is no data, and `doctor` makes none.
async fn a_fresh_place_is_good() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("not there");
    let found = examine(&options(&data, &[])).await;
    all_good(&found);
    says(&found, "functions", &format!("{} are built", openapi::functions().unwrap().len()));
    says(&found, "database", "is made by the first request");
    assert!(!data.exists());
    // An existing directory is good too, whatever its name is.
    let data = directory.path().join("a%20b?c#d");
    std::fs::create_dir(&data).unwrap();
    all_good(&examine(&options(&data, &[])).await);
    assert_eq!(files(&data).unwrap().len(), 0);
    // A database that a server made and that has no data yet.
    Connection::open(data.join("sqlite.db"))
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL")
        .unwrap();
    let found = examine(&options(&data, &[])).await;
    all_good(&found);
    says(&found, "database", "schema version 0 of");
}

/// A used directory is good while a server runs and after it, and not with another master key.
async fn a_used_place_is_good_with_its_key() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let good = options(data, &[]);
    let mut variables = UNLIMITED.to_vec();
    let (_, master) = &good.variables[0];
    variables.push(("master_key", master));
    // Background work would change files while the test compares them.
    let quiet = Options { ticker: false, ..plain_options(Placement::Fused, data, &variables) };
    let (app, server) = start(quiet).await;
    app.owner().await;
    // The server changes the files meanwhile, so only the findings count.
    all_good(&host::doctor(&good).await);
    server.shutdown().await.unwrap();
    let found = examine(&good).await;
    all_good(&found);
    says(&found, "database", &format!("schema version {SCHEMA_VERSION} of {SCHEMA_VERSION}"));
    says(&found, "signing key", "can be decrypted with the master key");

    let other = STANDARD.encode([8; 32]);
    let found = examine(&options(data, &[("master_key", &other)])).await;
    only(&found, "signing key", Verdict::Fail, "cannot be decrypted", "SPIN_VARIABLE_MASTER_KEY");
    let found = examine(&options(data, &[("master_key", "short")])).await;
    let bad: Vec<_> =
        found.iter().filter(|it| it.verdict == Verdict::Fail).map(|it| it.subject).collect();
    assert_eq!(bad, ["master key", "signing key"]);

    let database = Connection::open(data.join("sqlite.db")).unwrap();
    let newer = SCHEMA_VERSION + 1;
    database.execute("INSERT INTO schema_migrations VALUES (?1, 0)", [newer]).unwrap();
    drop(database);
    let found = examine(&good).await;
    only(&found, "database", Verdict::Fail, &format!("schema version {newer}"), "newer release");
}

/// The key of a fresh checkout is reported, because it works in development only.
async fn the_public_master_key_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(directory.path(), &[]);
    options.variables.clear();
    let found = examine(&options).await;
    only(&found, "master key", Verdict::Fail, "public", "openssl rand -base64 32");
    options.development = true;
    let found = examine(&options).await;
    only(&found, "master key", Verdict::Warn, "public", "openssl rand -base64 32");
}

/// Files that are not databases, or not databases of Tenantry, are reported.
async fn damaged_files_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    std::fs::write(data.join("sqlite.db"), "not a database ".repeat(1000)).unwrap();
    let found = examine(&options(data, &[])).await;
    only(&found, "database", Verdict::Fail, "sqlite.db", "tenantry restore");
    std::fs::remove_file(data.join("sqlite.db")).unwrap();
    let other = Connection::open(data.join("sqlite.db")).unwrap();
    other.execute_batch("CREATE TABLE other (id INTEGER)").unwrap();
    drop(other);
    let found = examine(&options(data, &[])).await;
    only(&found, "database", Verdict::Fail, "not a database of Tenantry", "--data");
    std::fs::remove_file(data.join("sqlite.db")).unwrap();
    std::fs::write(data.join("key_value.db"), "not a database ".repeat(1000)).unwrap();
    let found = examine(&options(data, &[])).await;
    only(&found, "key-value", Verdict::Fail, "key_value.db", "move the file away");
}

/// Mistakes of the operator in settings are reported.
async fn mistakes_in_settings_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let good = options(&data, &[]);

    let mut missing = good.clone();
    missing.manifest = directory.path().join("none.toml");
    only(&examine(&missing).await, "manifest", Verdict::Fail, "none.toml", "--from");

    let mut unbuilt = good.clone();
    unbuilt.manifest = directory.path().join("spin.toml");
    std::fs::copy(root().join("spin.toml"), &unbuilt.manifest).unwrap();
    only(
        &examine(&unbuilt).await,
        "functions",
        Verdict::Fail,
        "gateway.wasm does not exist",
        "tenantry build",
    );

    let mut none = good.clone();
    none.components = vec!["nothing".to_owned()];
    let found = examine(&none).await;
    says(&found, "functions", "there is no component \"nothing\"");

    let found = examine(&options(&data, &[("postgers_url", "x")])).await;
    only(&found, "variables", Verdict::Fail, "postgers_url", "correct its name");

    let file = directory.path().join("runtime-config.toml");
    let mut broken = good.clone();
    broken.runtime_config = Some(file.clone());
    for (text, says) in [
        ("[key_value_store.default]\ntype = \"redis\"", "url"),
        ("[key_value_store.default]\ntype = \"memcached\"", "memcached"),
        ("[key_value_store", "runtime-config.toml"),
    ] {
        std::fs::write(&file, text).unwrap();
        only(
            &examine(&broken).await,
            "runtime config",
            Verdict::Fail,
            says,
            "docs/guides/scaling.md",
        );
    }
    assert!(!data.exists());
}

/// A Redis that does not run is reported, and so is an invalid URL.
async fn a_redis_that_is_away_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("runtime-config.toml");
    let mut options = options(&directory.path().join("data"), &[]);
    options.runtime_config = Some(file.clone());
    let dead = format!("redis://:test@127.0.0.1:{}", free_port());
    for url in [dead.as_str(), "http://127.0.0.1"] {
        let text = format!("[key_value_store.default]\ntype = \"redis\"\nurl = {url:?}\n");
        std::fs::write(&file, text).unwrap();
        let found = examine(&options).await;
        only(&found, "key-value", Verdict::Fail, "", "[key_value_store]");
    }
}

/// A PostgreSQL that denies access or cannot be reached is reported.
async fn a_postgres_that_is_away_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let dead = format!("127.0.0.1:{}", free_port());
    let url = format!("postgres://app:test@{dead}/tenantry");
    let there = [("postgres_url", url.as_str()), ("postgres_host", dead.as_str())];
    let found = examine(&options(directory.path(), &there)).await;
    only(&found, "database", Verdict::Fail, &dead, "postgres_url");

    let found = examine(&options(directory.path(), &there[..1])).await;
    let told: Vec<_> = found.iter().filter(|it| it.verdict == Verdict::Fail).collect();
    assert!(told[0].text.contains("may not reach"), "{told:?}");
    assert!(told[0].remedy.contains("SPIN_VARIABLE_POSTGRES_HOST="), "{told:?}");

    let reader = [("postgres_reader_url", url.as_str()), ("postgres_reader_host", dead.as_str())];
    let found = examine(&options(directory.path(), &reader)).await;
    only(&found, "database", Verdict::Fail, "postgres_reader_url", "set both or none");
}

/// A correct PostgreSQL and Redis are good, and each fault of a database is reported.
async fn postgres_is_examined() {
    let directory = tempfile::tempdir().unwrap();
    let good = stores::of(directory.path());
    let with = |url: &str, reader: Option<&str>| {
        let place = host(url).to_owned();
        let mut variables = vec![("postgres_url", url), ("postgres_host", &place)];
        let there = reader.map(|reader| (reader, host(reader)));
        if let Some((reader, place)) = there {
            variables.extend([("postgres_reader_url", reader), ("postgres_reader_host", place)]);
        }
        let mut options = options(&directory.path().join("data"), &variables);
        options.runtime_config = Some(directory.path().join("runtime-config.toml"));
        options
    };
    let app = url("app", &good);
    let found = examine(&with(&app, Some(&app))).await;
    all_good(&found);
    says(&found, "key-value", "Redis");
    says(&found, "database", &format!("schema version {SCHEMA_VERSION}"));
    says(&found, "signing key", "is made at the first login");
    says(&found, "replica", "answers");
    assert_eq!(found.iter().filter(|it| it.subject == "clock").count(), 2);

    let dead = format!("postgres://app:test@127.0.0.1:{}/tenantry", free_port());
    let found = examine(&with(&app, Some(&dead))).await;
    only(&found, "replica", Verdict::Warn, "refused", "postgres_reader_url");

    let (older, newer) = (stores::database(), stores::database());
    wait(async {
        let change = "DELETE FROM schema_migrations WHERE version > 3";
        connect(&url("owner", &older)).await.batch_execute(change).await.unwrap();
        let change = "INSERT INTO schema_migrations VALUES (99, 0)";
        connect(&url("owner", &newer)).await.batch_execute(change).await.unwrap();
    });
    let found = examine(&with(&app, Some(&url("app", &older)))).await;
    only(&found, "replica", Verdict::Fail, "schema version 3", "tenantry migrate");
    let admin = admin_url();
    let (server, _) = admin.rsplit_once('/').unwrap();
    for (url, text, remedy) in [
        (url("owner", &good), "owns the tables", "tenantry migrate --app-role"),
        (
            format!("{server}/{good}?sslmode=disable"),
            "is a superuser",
            "tenantry migrate --app-role",
        ),
        (url("app", &older), "schema version 3", "tenantry migrate"),
        (url("app", &newer), "schema version 99", "newer release"),
        (url("app", "there_is_no_such_database"), "does not exist", "postgres_url"),
    ] {
        only(&examine(&with(&url, None)).await, "database", Verdict::Fail, text, remedy);
    }
}
