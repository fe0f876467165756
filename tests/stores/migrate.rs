//! The schema of PostgreSQL, and the error of a server that cannot use its database.

use crate::support::server::{UNLIMITED, plain_options, start};
use crate::support::servers::free_port;
use crate::support::stores::{self, admin_url, connect, empty, host, role, rows_of, url, wait};
use crate::support::{App, Placement};

external! {
    many_at_once() refuses_roles_above_the_policies() a_server_says_what_is_wrong()
    a_server_needs_what_it_is_told_of()
}

/// If ten servers start at once, each migration is applied once.
async fn many_at_once() {
    let (name, app) = (empty(), role("app"));
    let url = url("owner", &name);
    let all = (0..10).map(|_| {
        let (url, app) = (url.clone(), app.clone());
        tokio::spawn(async move { host::migrate(&url, &app, |_| {}).await })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap().unwrap();
    }
    let applied = wait(async {
        rows_of(&connect(&url).await, "SELECT version FROM schema_migrations ORDER BY 1").await
    });
    let expected: Vec<_> = (1..=migrations::VERSION).map(|n| vec![n.to_string()]).collect();
    assert_eq!(applied, expected);
}

/// A role that the policies do not bind is refused, and so is a role that does not exist.
async fn refuses_roles_above_the_policies() {
    let name = empty();
    let owner = url("owner", &name);
    for (app, says) in [
        (role("owner"), "owns the tables"),
        ("postgres".to_owned(), "superuser"),
        ("nobody_at_all".to_owned(), "CREATE ROLE"),
    ] {
        let error = host::migrate(&owner, &app, |_| {}).await.unwrap_err();
        assert!(format!("{error:#}").contains(says), "{error:#}");
    }
    let tables = wait(async {
        let sql = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        rows_of(&connect(&owner).await, sql).await
    });
    assert_eq!(tables, [["0"]], "a refusal changes nothing");
}

/// A server does not start on a database that it cannot use, and its error tells what to do.
async fn a_server_says_what_is_wrong() {
    let (good, bare) = (stores::database(), empty());
    let newer = stores::database();
    let older = stores::database();
    wait(async {
        let change = "INSERT INTO schema_migrations VALUES (99, 0)";
        connect(&url("owner", &newer)).await.batch_execute(change).await.unwrap();
        let change = "DELETE FROM schema_migrations WHERE version > 3";
        connect(&url("owner", &older)).await.batch_execute(change).await.unwrap();
    });
    let dead = free_port();
    for (url, says) in [
        ("not a url".to_owned(), "postgres_url"),
        (format!("postgres://x@127.0.0.1:{dead}/x"), "127.0.0.1"),
        (url("app", "there_is_no_such_database"), "there_is_no_such_database"),
        (url("app", &bare), "tenantry migrate"),
        (url("app", &older), "tenantry migrate"),
        (url("app", &newer), "newer release"),
        (url("owner", &good), "owns the tables"),
        (admin_on(&good), "superuser"),
    ] {
        let error = up(&url).await.err().unwrap_or_else(|| panic!("{url} is refused"));
        let told = format!("{error:#}");
        assert!(told.contains(says) && told.contains("postgres_url"), "{url}: {told}");
        assert!(!told.contains('\n') && !told.contains(":test@"), "{told}");
    }
    let (app, server) = up(&url("app", &good)).await.unwrap();
    app.owner().await;
    server.shutdown().await.unwrap();
}

/// A server does not start without its Redis, nor if its functions may not connect to the database.
async fn a_server_needs_what_it_is_told_of() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("runtime-config.toml");
    let dead = format!("redis://127.0.0.1:{}", free_port());
    std::fs::write(
        &config,
        format!("[key_value_store.default]\ntype = \"redis\"\nurl = {dead:?}\n"),
    )
    .unwrap();
    let mut options = plain_options(Placement::Fused, directory.path(), &UNLIMITED);
    options.runtime_config = Some(config);
    let told = format!("{:#}", host::up(options).await.err().expect("refused"));
    assert!(told.contains("key_value_store.default") && told.contains("127.0.0.1"), "{told}");

    let good = url("app", &stores::database());
    let mut variables = UNLIMITED.to_vec();
    variables.extend([("postgres_url", good.as_str()), ("postgres_host", "db.example.com")]);
    let options = plain_options(Placement::Fused, directory.path(), &variables);
    let told = format!("{:#}", host::up(options).await.err().expect("refused"));
    assert!(told.contains(&format!("SPIN_VARIABLE_POSTGRES_HOST={}", host(&good))), "{told}");
}

fn admin_on(database: &str) -> String {
    let admin = admin_url();
    let (start, _) = admin.rsplit_once('/').unwrap();
    format!("{start}/{database}?sslmode=disable")
}

async fn up(url: &str) -> anyhow::Result<(App, host::Server)> {
    let directory = tempfile::tempdir().unwrap();
    let mut variables = UNLIMITED.to_vec();
    let place = host(url).to_owned();
    variables.extend([("postgres_url", url), ("postgres_host", place.as_str())]);
    let options = plain_options(Placement::Fused, &directory.keep(), &variables);
    let mut checked = options.clone();
    checked.components = vec!["docs".to_owned(), "auth".to_owned()];
    match host::up(options).await {
        Err(error) => Err(error),
        Ok(server) => {
            server.shutdown().await?;
            Ok(start(checked).await)
        }
    }
}
