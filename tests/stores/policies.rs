//! Row-level security: the requests that the database itself refuses.

use serde_json::json;

use crate::isolation::COLLECTIONS;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::stores::{self, FORBIDDEN, connect, external, rows_of, url, wait};
use crate::support::{Client, Placement};

everywhere! { hold_without_the_predicate(placement) a_trap_leaves_nothing(placement) }
external! {
    every_table_of_tenants_is_guarded() a_table_without_policies_is_refused()
    nobody_borrows_the_owner() events_go_of_one_tenant()
}

/// Every table with a tenant has policies without exceptions. The role of the functions is not
/// above the policies, and cannot change them.
async fn every_table_of_tenants_is_guarded() {
    let name = stores::database();
    wait(async {
        let owner = connect(&url("owner", &name)).await;
        let tables = rows_of(
            &owner,
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, \
                 (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' \
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') \
             AND NOT c.relispartition ORDER BY 1",
        )
        .await;
        assert!(tables.len() >= 9, "{tables:?}");
        for table in &tables {
            assert_eq!(table[1], "t", "{}: FORCE ROW LEVEL SECURITY is missing", table[0]);
            assert_ne!(table[2], "0", "{}: has no policy", table[0]);
        }
        let app = connect(&url("app", &name)).await;
        let above = "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user";
        assert_eq!(rows_of(&app, above).await, [["f"]]);
        let owned = "SELECT count(*) FROM pg_class WHERE pg_has_role(current_user, relowner, 'member') \
                     AND relnamespace = 'public'::regnamespace";
        assert_eq!(rows_of(&app, owned).await, [["0"]]);
        for refused in [
            "ALTER TABLE projects DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant ON projects",
            "CREATE TABLE mine (id INT)",
            "DELETE FROM events",
            "UPDATE audit_logs SET actor_id = 'x'",
            "SELECT * FROM events_default",
            "INSERT INTO schema_migrations VALUES (99, 0)",
            &format!("SET ROLE {}", stores::role("owner")),
        ] {
            assert_eq!(stores::state(&app, refused).await, FORBIDDEN, "{refused}");
        }
    });
}

/// `tenantry migrate` and `tenantry doctor` refuse a table of tenants that row-level security leaves
/// open, whatever of it is missing. A whole guard and a table without tenants are good.
async fn a_table_without_policies_is_refused() {
    let name = stores::database();
    let (owner, app) = (url("owner", &name), url("app", &name));
    let of_tenant = "USING (tenant_id = current_setting('tenantry.tenant_id', true))";
    let steps = [
        ("CREATE TABLE mine (id TEXT)".to_owned(), false),
        ("CREATE TABLE books (tenant_id TEXT)".to_owned(), true),
        ("ALTER TABLE books ENABLE ROW LEVEL SECURITY".to_owned(), true),
        (format!("CREATE POLICY tenant ON books {of_tenant}"), true),
        ("ALTER TABLE books FORCE ROW LEVEL SECURITY".to_owned(), false),
        ("CREATE POLICY open ON books USING (true)".to_owned(), true),
        ("ALTER POLICY open ON books TO CURRENT_USER".to_owned(), false),
        ("DROP POLICY tenant ON books; DROP POLICY open ON books".to_owned(), true),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (step, open) in steps {
        wait(async { connect(&owner).await.batch_execute(&step).await.unwrap() });
        let variables = [("postgres_url", app.as_str()), ("postgres_host", stores::host(&app))];
        let options =
            crate::support::server::plain_options(Placement::Fused, directory.path(), &variables);
        let migrated = host::migrate(&owner, &stores::role("app"), |_| {}).await;
        let told = migrated.map_or_else(|error| format!("{error:#}"), |()| String::new());
        let found = host::doctor(&options).await;
        let found = found.iter().find(|it| it.subject == "database").unwrap();
        assert_eq!(
            told.contains("tenants apart in books; a migration must"),
            open,
            "{step}: {told}"
        );
        assert_eq!(told.is_empty(), !open, "{step}: {told}");
        let is_bad = found.verdict == host::Verdict::Fail && found.text.contains("apart in books");
        assert_eq!(is_bad, open, "{step}: {found:?}");
    }
}

/// An SQL function that runs as the owner of the tables is not led to tables that the caller has
/// made. Triggers of such tables would run as the owner too.
async fn nobody_borrows_the_owner() {
    let name = stores::database();
    wait(async {
        let app = connect(&url("app", &name)).await;
        app.batch_execute(
            "CREATE TEMP TABLE events_default (created_at BIGINT); \
             INSERT INTO events_default VALUES (1); GRANT ALL ON events_default TO PUBLIC",
        )
        .await
        .unwrap();
        let gone = "SELECT tenantry_drop_partitions('events', 2, 10)";
        assert_eq!(rows_of(&app, gone).await, [["0"]]);
        assert_eq!(rows_of(&app, "SELECT count(*) FROM pg_temp.events_default").await, [["1"]]);
    });
}

/// Only events of the tenant that the transaction names can be deleted, and none of the last day.
async fn events_go_of_one_tenant() {
    let name = stores::database();
    wait(async {
        let owner = connect(&url("owner", &name)).await;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let row = |n: u8, tenant: &str, moment: u128| {
            format!("('evt_{n}', '{tenant}', 'x', 'x', 'x', '{{}}', 't', {moment})")
        };
        let rows = [row(1, "alice", 1), row(2, "bob", 1), row(3, "alice", now)].join(", ");
        owner
            .batch_execute(&format!(
                "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, \
                 created_at) VALUES {rows}"
            ))
            .await
            .unwrap();
        let app = connect(&url("app", &name)).await;
        let call =
            |tenant: &str| format!("SELECT tenantry_delete_events('{tenant}', 10, {})", now + 1);
        assert!(app.batch_execute(&call("alice")).await.is_err(), "nobody is named");
        app.batch_execute("SELECT set_config('tenantry.tenant_id', 'alice', false)").await.unwrap();
        assert!(app.batch_execute(&call("bob")).await.is_err(), "another is named");
        assert_eq!(rows_of(&app, &call("alice")).await, [["1"]]);
        let left = "SELECT id FROM events ORDER BY id";
        assert_eq!(rows_of(&owner, left).await, [["evt_2"], ["evt_3"]]);
    });
}

/// A handler that forgot the tenant in every statement shows and changes no row of another tenant.
/// On SQLite the same functions do, so here the policies prevent it.
async fn hold_without_the_predicate(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut setting = options(placement, directory.path(), &UNLIMITED);
    setting.manifest = super::with_fault_injection(directory.path());
    let (app, server) = start(setting).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    let body = json!({ "name": "secret of alice" });
    let made = alice.post("/api/v1/projects", &body).await.expect(201);
    let path = format!("/api/v1/projects/{}", made.id());
    let seen = foreign(&bob).await;
    assert_eq!(seen.is_empty(), external(), "{seen:?}");
    if external() {
        bob.get(&path).await.expect(404);
        bob.patch(&path, &json!({ "name": "stolen" })).await.expect(404);
        bob.delete(&path).await.expect(404);
        let page = bob.get("/api/v1/projects?page=1").await.expect(200);
        assert_eq!(page.header("x-total-count"), Some("0"));
        let mine = alice.get(&path).await.expect(200);
        assert_eq!(mine.body["name"], "secret of alice");
    }
    server.shutdown().await.unwrap();
}

/// The rows of other tenants that a client sees in every list.
async fn foreign(client: &Client) -> Vec<String> {
    let mut seen = Vec::new();
    for path in COLLECTIONS.iter() {
        let page = client.get(&format!("/api/v1/{path}")).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        let foreign = items.iter().filter(|item| item["tenant_id"] != client.tenant());
        seen.extend(foreign.map(|item| format!("{path}: {item}")));
    }
    seen
}

/// A function that traps between two statements leaves nothing to the next user of its connection:
/// no open transaction, no tenant, no row.
async fn a_trap_leaves_nothing(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut setting = options(placement, directory.path(), &UNLIMITED);
    setting.manifest = super::with_fault_injection(directory.path());
    if external() {
        // There is one connection, so the next request gets the one of the trapped request.
        let config = directory.path().join("runtime-config.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("max_connections = 8", "max_connections = 1"))
            .unwrap();
    }
    let (app, server) = start(setting).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    let kept = alice.post("/api/v1/projects", &json!({ "name": "kept" })).await.expect(201);
    for round in 0..5 {
        let trapped = json!({ "name": format!("TRAP HERE {round}") });
        alice.post("/api/v1/projects", &trapped).await.expect(500);
        let own = bob.post("/api/v1/projects", &json!({ "name": "of bob" })).await.expect(201);
        assert_eq!(own.body["tenant_id"], bob.tenant());
        let name = "SELECT count(*) FROM projects WHERE name LIKE 'TRAP%'";
        assert_eq!(app.rows(name), [["0"]]);
        // No request waits for the transaction of the trapped one.
        let began = std::time::Instant::now();
        alice
            .patch(
                &format!("/api/v1/projects/{}", kept.id()),
                &json!({ "description": format!("{round}") }),
            )
            .await
            .expect(200);
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
    server.shutdown().await.unwrap();
}
