//! Data of an earlier release: what migrations do to existing rows.

use migrations::{Dialect, Migration};

use crate::support::Placement;
use crate::support::server::{UNLIMITED, plain_options, start};
use crate::support::stores::{self, connect, external, rows_of, url, wait};

storage! { text_that_is_there_is_normalised_and_folded() }

/// Text from before the time when text was stored in NFC. Two of the addresses are equal by now,
/// and the second of them stays as it was. The last member is nobody who can sign in.
const ROWS: &str = "
INSERT INTO tenants (id, name, created_at, updated_at) VALUES ('t', 'T', 0, 0);
INSERT INTO users (id, email, password_hash, created_at, updated_at) VALUES
    ('usr_1', 'jose\u{301}@example.com', 'none', 0, 0),
    ('usr_2', 'zo\u{eb}@example.com', 'none', 0, 0),
    ('usr_3', 'zoe\u{308}@example.com', 'none', 0, 0);
INSERT INTO members (tenant_id, id, email, name, role, roles, created_by, version, created_at, updated_at) VALUES
    ('t', 'usr_1', 'jose\u{301}@example.com', 'JOSE\u{301}', 'OWNER', '[]', 'x', 1, 0, 0),
    ('t', 'usr_2', 'zo\u{eb}@example.com', 'Zoe', 'OWNER', '[]', 'x', 1, 0, 0),
    ('t', 'usr_3', 'zoe\u{308}@example.com', 'Zoe', 'OWNER', '[]', 'x', 1, 0, 0),
    ('t', 'usr_4', 'nobody@example.com', 'Nobody', 'OWNER', '[]', 'x', 1, 0, 0);
INSERT INTO teams (tenant_id, id, name, created_by, version, created_at, updated_at) VALUES
    ('t', 'team_1', 'STRA\u{1e9e}E', 'x', 1, 0, 0);
INSERT INTO projects (id, tenant_id, owner_id, name, description, status, labels, tags, version, created_at, updated_at) VALUES
    ('prj_1', 't', 'x', 'Plain', NULL, 'ACTIVE', '{}', '[]', 1, 0, 0),
    ('prj_2', 't', 'x', 'Cafe\u{301}', '\u{c4}', 'ACTIVE', '{\"e\u{301}\":\"1\"}', '[\"e\u{301}\"]', 1, 0, 0);
";

const READ: &str = "
SELECT id, email, '', '', '' FROM users WHERE id LIKE 'usr__' UNION ALL
SELECT id, email, name, COALESCE(folded, ''), COALESCE(person_id, '') || has_account FROM members WHERE tenant_id = 't' UNION ALL
SELECT id, name, COALESCE(folded, ''), '', '' FROM teams WHERE tenant_id = 't' UNION ALL
SELECT id, name, labels, tags, COALESCE(folded, '') FROM projects WHERE tenant_id = 't' ORDER BY 1, 3";

/// Existing rows are found, and existing users sign in, as if they were written now. A member with
/// the id of a person is that person.
async fn text_that_is_there_is_normalised_and_folded() {
    let before = || migrations::ALL.iter().take_while(|migration| migration.fills().is_empty());
    assert!(before().count() < migrations::ALL.len());
    let rows = match external() {
        true => on_postgres(before()).await,
        false => on_sqlite(before()).await,
    };
    let expected: [&[&str]; 10] = [
        &["prj_1", "Plain", "{}", "[]", ""],
        &["prj_2", "Café", "{\"é\":\"1\"}", "[\"é\"]", "{\"description\":\"ä\",\"name\":\"café\"}"],
        &["team_1", "STRAẞE", "{\"name\":\"strasse\"}", "", ""],
        &["usr_1", "josé@example.com", "", "", ""],
        &[
            "usr_1",
            "josé@example.com",
            "JOSÉ",
            "{\"email\":\"josé@example.com\",\"name\":\"josé\"}",
            "usr_11",
        ],
        &["usr_2", "zoë@example.com", "", "", ""],
        &["usr_2", "zoë@example.com", "Zoe", "{\"email\":\"zoë@example.com\"}", "usr_21"],
        &["usr_3", "zoe\u{308}@example.com", "", "", ""],
        &["usr_3", "zoe\u{308}@example.com", "Zoe", "{\"email\":\"zoë@example.com\"}", "usr_31"],
        &["usr_4", "nobody@example.com", "Nobody", "", "0"],
    ];
    assert_eq!(rows, expected);
}

async fn on_sqlite(before: impl Iterator<Item = &'static Migration>) -> Vec<Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let database = rusqlite::Connection::open(directory.path().join("sqlite.db")).unwrap();
    let known =
        "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)";
    database.execute_batch(known).unwrap();
    for (number, migration) in (1..).zip(before) {
        database.execute_batch(&migration.statements(Dialect::Sqlite).join(";\n")).unwrap();
        database
            .execute_batch(&format!("INSERT INTO schema_migrations VALUES ({number}, 0)"))
            .unwrap();
    }
    database.execute_batch(ROWS).unwrap();
    drop(database);
    let options = plain_options(Placement::Fused, directory.path(), &UNLIMITED);
    let (app, server) = start(options).await;
    // The first function that runs brings the schema up to date.
    app.owner().await;
    let rows = app.rows(READ);
    server.shutdown().await.unwrap();
    rows
}

async fn on_postgres(before: impl Iterator<Item = &'static Migration>) -> Vec<Vec<String>> {
    let (name, app) = (stores::empty(), stores::role("app"));
    let owner = url("owner", &name);
    let script = before.map(|migration| migration.statements(Dialect::Postgres).join(";\n"));
    let mut script: Vec<String> = script.collect();
    let applied = script.len();
    script.push(
        "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)"
            .to_owned(),
    );
    script.push(format!(
        "INSERT INTO schema_migrations SELECT n, 0 FROM generate_series(1, {applied}) n"
    ));
    script.push(ROWS.to_owned());
    wait(async { connect(&owner).await.batch_execute(&script.join(";\n")).await.unwrap() });
    host::migrate(&owner, &app, |_| {}).await.unwrap();
    wait(async { rows_of(&connect(&owner).await, READ).await })
}
