//! `tenantry export` and `tenantry import`: from the embedded store to PostgreSQL and back.

mod refusals;
mod webhooks;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use tokio_postgres::types::Type;

use crate::prove::crash::write;
use crate::support::server::{PASSWORD, UNLIMITED, plain_options, start};
use crate::support::stores::{self, connect, rows_of, url};
use crate::support::{App, Client, Placement};
use host::{Server, Store, TransferResult};

external! { there_and_back() sqlite_is_exported_under_load() postgresql_is_exported_under_load() }

const PROJECTS: &str = "/api/v1/projects";
/// More rows than one statement inserts.
const MANY: usize = 150;
const DAY: i64 = 86_400_000;

/// All rows of all tables. Each row has its columns by name, and the rows are in a defined order.
type Rows = BTreeMap<String, Vec<BTreeMap<String, Cell>>>;

async fn export(file: &Path, from: &Store) -> anyhow::Result<TransferResult> {
    host::export(file, from, |_| {}).await
}

async fn import(file: &Path, into: &Store) -> anyhow::Result<TransferResult> {
    host::import(file, into, |_| {}).await
}

fn embedded(data: &Path) -> Store {
    Store::Embedded { data: data.to_owned(), runtime_config: None }
}

/// A PostgreSQL database, opened as this role.
fn postgres(role: &str, database: &str) -> Store {
    Store::Postgres(url(role, database))
}

/// Settings that keep old rows, for which the partitions of the months are made.
const KEPT: [(&str, &str); 2] =
    [("retention_events_days", "100000"), ("retention_audit_days", "100000")];

async fn on_sqlite(data: &Path) -> (App, Server) {
    let variables = [&UNLIMITED[..], &KEPT].concat();
    start(plain_options(Placement::Fused, data, &variables)).await
}

async fn on_postgres(data: &Path, database: &str) -> (App, Server) {
    let url = url("app", database);
    let mut variables = [&UNLIMITED[..], &KEPT].concat();
    variables.extend([("postgres_url", url.as_str()), ("postgres_host", stores::host(&url))]);
    start(plain_options(Placement::Fused, data, &variables)).await
}

fn open(data: &Path) -> Connection {
    let database = Connection::open(data.join("sqlite.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    database
}

fn sorted(mut rows: Rows) -> Rows {
    rows.values_mut().for_each(|rows| rows.sort_by_key(|row| format!("{row:?}")));
    rows
}

/// The rows of SQLite, of all tables that exist.
fn rows_in_sqlite(data: &Path) -> Rows {
    let database = open(data);
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' \
                  AND name NOT IN ('schema_migrations', 'sqlite_sequence')";
    let mut names = database.prepare(tables).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let all = names.map(|table| {
        let mut statement = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            columns.iter().map(|name| Ok((name.clone(), row.get(name.as_str())?))).collect()
        });
        let rows = rows.unwrap().map(Result::unwrap).collect();
        (table, rows)
    });
    sorted(all.collect())
}

/// The rows of PostgreSQL, of all tables that exist.
async fn rows_in_postgres(database: &str) -> Rows {
    let client = connect(&url("owner", database)).await;
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
                  AND relkind IN ('r', 'p') AND NOT relispartition \
                  AND relname <> 'schema_migrations'";
    let mut all = Rows::new();
    for table in rows_of(&client, tables).await {
        let found = client.query(&format!("SELECT * FROM {}", table[0]), &[]).await.unwrap();
        let rows = found.iter().map(|row| {
            let cell = |index: usize, kind: &Type| match *kind {
                Type::INT8 => row.get::<_, Option<i64>>(index).map(Cell::Integer),
                _ => row.get::<_, Option<String>>(index).map(Cell::Text),
            };
            let columns = row.columns().iter().enumerate().map(|(index, column)| {
                (column.name().to_owned(), cell(index, column.type_()).unwrap_or(Cell::Null))
            });
            columns.collect()
        });
        all.insert(table[0].clone(), rows.collect());
    }
    sorted(all)
}

#[track_caller]
fn same(found: &Rows, expected: &Rows) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (table, rows) in expected {
        assert_eq!(found[table].len(), rows.len(), "{table}");
        for (found, expected) in found[table].iter().zip(rows) {
            assert_eq!(found, expected, "{table}");
        }
    }
}

/// The users from before the move, and what they hold.
struct People {
    alice: Client,
    bob: Client,
    /// A used refresh token of alice's login, and its successor.
    used: String,
    fresh: String,
    /// The id and secret of a machine client of bob's.
    machine: (String, String),
    /// The object that was made with the idempotency key `once`.
    once: String,
    /// The cursor after the events that alice has read.
    cursor: String,
}

/// Writes some of everything, with values that a careless copy would change.
async fn fill(app: &App) -> People {
    let (alice, bob) = (app.owner().await, app.owner().await);
    let strange = [
        "Zoë ‘quoted’ \"double\"",
        "back\\slash \\n \\u0041",
        "日本語 🦀 \u{202e}rtl",
        "{\"a\":[null]}",
    ];
    for (number, name) in strange.iter().cycle().take(MANY).enumerate() {
        let labels = json!({ "k": *name, "number": number.to_string() });
        let description = if number % 3 == 0 {
            Value::Null
        } else {
            json!(format!("{name}\n\t").repeat(number % 7))
        };
        let client = if number % 2 == 0 { &alice } else { &bob };
        let body = json!({
            "name": format!("{name} {number}"), "description": description, "labels": labels,
            "tags": ["é", "'; --"],
        });
        let made = client.post(PROJECTS, &body).await.expect(201);
        if number % 10 == 0 {
            client.delete(&format!("{PROJECTS}/{}", made.id())).await.expect(204);
        }
    }
    for (number, (client, department)) in
        [(&alice, json!("R&D ☃")), (&bob, Value::Null)].into_iter().enumerate()
    {
        let team =
            client.post("/api/v1/teams", &json!({ "name": strange[number] })).await.expect(201);
        let body = json!({
            "email": format!("user{number}@example.com"), "name": "Ünal", "department": department,
            "team_ids": [team.id()],
        });
        let user = client.post("/api/v1/users", &body).await.expect(201);
        let gone = client.post("/api/v1/teams", &json!({ "name": "gone" })).await.expect(201);
        client.delete(&format!("/api/v1/teams/{}", gone.id())).await.expect(204);
        if number == 1 {
            client.delete(&format!("/api/v1/users/{}", user.id())).await.expect(204);
        }
    }
    webhooks::fill(app, &alice, &bob).await;
    let machine = json!({ "name": "ci 🤖", "scopes": ["projects:read"] });
    let machine = bob.post("/api/v1/auth/clients", &machine).await.expect(201).body;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let used = text(&alice.session["refresh_token"]);
    let fresh = text(&refresh(app, &used).await.expect(200).body["refresh_token"]);
    let once = write(&alice, "once").await.unwrap();
    let page = alice.get("/api/v1/events?limit=7").await.expect(200).body;
    People {
        used,
        fresh,
        machine: (text(&machine["client_id"]), text(&machine["client_secret"])),
        once,
        cursor: text(&page["next_cursor"]),
        alice,
        bob,
    }
}

/// Writes data that no operation writes: a notice, rows that are months old, and a last event that
/// is deleted.
fn age(data: &Path, people: &People) -> i64 {
    let database = open(data);
    let notice = "INSERT INTO notices (tenant_id, id, kind, key, title, body, url, version, \
                  created_at, updated_at) VALUES (?1, 'ntc_1', 'DEPRECATION', 'k', '', '“b”', NULL, 1, 0, 0)";
    database.execute(notice, [people.alice.tenant()]).unwrap();
    let operator = "INSERT INTO limit_overrides VALUES ('plan', 'pro', 'read', 600, 60, 1); \
                    INSERT INTO clocks VALUES ('retention', 1)";
    database.execute_batch(operator).unwrap();
    webhooks::receive(&database);
    for table in ["events", "audit_logs"] {
        for (days, of) in [(400, 9), (70, 5), (35, 4)] {
            let sql =
                format!("UPDATE {table} SET created_at = created_at - ?1 WHERE rowid % {of} = 1");
            database.execute(&sql, [days * DAY]).unwrap();
        }
        // These rows come from a wrong clock.
        database
            .execute(&format!("UPDATE {table} SET created_at = -1 WHERE rowid = 3"), [])
            .unwrap();
    }
    database.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", []).unwrap();
    last_number(data)
}

/// The last number that an event of SQLite got.
fn last_number(data: &Path) -> i64 {
    let sequence = "SELECT seq FROM sqlite_sequence WHERE name = 'events'";
    open(data).query_row(sequence, [], |row| row.get(0)).unwrap()
}

async fn refresh(app: &App, token: &str) -> crate::support::Exchange {
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    app.anon().form("/api/v1/auth/token", &form, &[]).await
}

/// The whole feed after a cursor.
async fn follow(client: &Client, mut cursor: String) -> (Vec<Value>, String) {
    let mut seen = Vec::new();
    loop {
        let page =
            client.get(&format!("/api/v1/events?limit=50&cursor={cursor}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        if items.is_empty() {
            return (seen, cursor);
        }
        seen.extend(items.iter().cloned());
        cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
    }
}

/// All users go on where they were: tokens, logins, machine clients, keys, cursors.
async fn goes_on(app: &App, people: &People, feed: &[Value]) {
    let alice = Client::new(&app.base, Some(people.alice.token()));
    let again = alice.get(&format!("{PROJECTS}/{}", people.once)).await.expect(200);
    assert_eq!(again.body["name"], "once");
    assert_eq!(write(&alice, "once").await.as_ref(), Some(&people.once), "made twice");
    let bob = Client::new(&app.base, Some(people.bob.token()));
    bob.get(&format!("{PROJECTS}/{}", people.once)).await.expect(404);
    let login = json!({ "email": people.bob.session["user"]["email"], "password": PASSWORD });
    app.anon().post("/api/v1/auth/login", &login).await.expect(200);
    let (id, secret) = &people.machine;
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    refresh(app, &people.fresh).await.expect(200);

    let (seen, cursor) = follow(&alice, people.cursor.clone()).await;
    assert!(seen == feed, "the feed is another");
    let made = alice.post(PROJECTS, &json!({ "name": "after" })).await.expect(201);
    let (new, _) = follow(&alice, cursor).await;
    assert_eq!(new.len(), 2, "the event and its audit entry: {new:?}");
    assert_eq!(
        (&new[0]["type"], &new[0]["subject"]),
        (&json!("project.created"), &made.body["id"])
    );
    // This comes last, because a second use ends the whole login.
    refresh(app, &people.used).await.refused(400, "invalid_grant");
}

/// Every value of every row arrives on PostgreSQL and comes back, and the service works on both.
async fn there_and_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let (app, server) = on_sqlite(&path("original")).await;
    let people = fill(&app).await;
    let last = age(&path("original"), &people);
    let (feed, _) = follow(&people.alice, people.cursor.clone()).await;
    let expected = rows_in_sqlite(&path("original"));
    let empty: Vec<_> = expected.iter().filter(|(_, rows)| rows.is_empty()).collect();
    assert!(empty.is_empty(), "nothing is proved of {empty:?}");
    // The server goes on serving.
    let exported = export(&path("there.jsonl"), &embedded(&path("original"))).await.unwrap();
    server.shutdown().await.unwrap();

    let name = stores::database();
    let imported = import(&path("there.jsonl"), &postgres("owner", &name)).await.unwrap();
    same(&rows_in_postgres(&name).await, &expected);
    assert_eq!(imported.rows, exported.rows);
    for (table, rows) in &imported.rows {
        assert_eq!(*rows, expected[*table].len() as u64, "{table}");
    }
    let owner = connect(&url("owner", &name)).await;
    let misplaced =
        "SELECT count(*) FROM events_default UNION ALL SELECT count(*) FROM audit_logs_default";
    assert_eq!(
        rows_of(&owner, misplaced).await,
        [["1"], ["1"]],
        "only the wrong clock has no month"
    );

    export(&path("back.jsonl"), &postgres("owner", &name)).await.unwrap();
    import(&path("back.jsonl"), &embedded(&path("back"))).await.unwrap();
    same(&rows_in_sqlite(&path("back")), &expected);
    assert_eq!(last_number(&path("back")), last);
    let names = |data: &str| {
        let files = std::fs::read_dir(path(data)).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("back"), ["key_value.db", "sqlite.db"]);

    let (app, server) = on_postgres(&path("servers"), &name).await;
    goes_on(&app, &people, &feed).await;
    let next = format!("SELECT min(seq) FROM events WHERE seq > {}", last - 1);
    assert_eq!(rows_of(&owner, &next).await, [[(last + 1).to_string()]]);
    server.shutdown().await.unwrap();
    let (app, server) = on_sqlite(&path("back")).await;
    goes_on(&app, &people, &feed).await;
    let next: i64 = open(&path("back")).query_row(&next, [], |row| row.get(0)).unwrap();
    assert_eq!(next, last + 1);
    server.shutdown().await.unwrap();
}

/// An export of either store under load is a consistent snapshot of one moment.
async fn one_moment(app: &App, from: &Store) {
    let owner = app.owner().await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let (client, stop) = (owner.clone(), stop.clone());
            tokio::spawn(async move {
                let mut made = 0;
                while !stop.load(Ordering::Relaxed) {
                    write(&client, &format!("w{number}-n{made}")).await.unwrap();
                    made += 1;
                }
                made
            })
        })
        .collect();
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let file = directory.path().join(format!("{round}.jsonl"));
        export(&file, from).await.unwrap();
        let data = directory.path().join(round.to_string());
        import(&file, &embedded(&data)).await.unwrap();
        let count = |rows: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {rows}");
            open(&data).query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        let projects = count("projects");
        assert!(projects > 0);
        assert_eq!(projects, count("events WHERE type = 'project.created'"), "one transaction");
        assert_eq!(projects, count("idempotency_receipts"), "one transaction");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() > 5, "too little load to prove anything");
    }
}

async fn sqlite_is_exported_under_load() {
    let directory = tempfile::tempdir().unwrap();
    let (app, server) = on_sqlite(directory.path()).await;
    one_moment(&app, &embedded(directory.path())).await;
    server.shutdown().await.unwrap();
}

async fn postgresql_is_exported_under_load() {
    let (directory, name) = (tempfile::tempdir().unwrap(), stores::database());
    let (app, server) = on_postgres(directory.path(), &name).await;
    one_moment(&app, &postgres("owner", &name)).await;
    server.shutdown().await.unwrap();
}
