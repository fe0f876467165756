//! Functions with roles of their own: each does its work, and sees no data of the others.

use std::path::Path;

use host::Roles;
use serde_json::json;

use crate::support::Placement;
use crate::support::receiver::Receiver;
use crate::support::server::{OPERATOR, SCHEDULER, UNLIMITED, plain_options, start};
use crate::support::stores::{
    self, DONE, FORBIDDEN, admin_url, connect, rows_of, state, url, wait,
};
use crate::webhooks;
use migrations::TABLES;
use migrations::rights::{self, FUNCTIONS};

external! { all_of_it_works(placement) nothing_of_others_is_seen() }
logic! { urls_are_for_all_or_for_each() }

/// Makes the roles of this run, with the rights that they need in this database.
fn prepare(name: &str) {
    wait(async {
        let admin = connect(&admin_url()).await;
        for function in FUNCTIONS {
            let role = role(function);
            // Another test may have made the role.
            let _ = admin.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'test'")).await;
        }
        let prefix = role("").trim_end_matches('_').to_owned();
        host::migrate(&url("owner", name), Roles::Each(prefix), |_| {}).await.unwrap();
    });
}

/// `tenantry_test_…_of_auth`
fn role(function: &str) -> String {
    format!("tenantry_test_{}_of_{function}", stores::run())
}

fn variables(name: &str) -> Vec<(String, String)> {
    let own =
        |function: &str| (format!("postgres_url_{function}"), url(&format!("of_{function}"), name));
    let mut all: Vec<_> = FUNCTIONS.into_iter().map(own).collect();
    all.push(("postgres_host".to_owned(), stores::host(&all[0].1).to_owned()));
    all
}

/// Every function does its work with its own role.
async fn all_of_it_works(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let name = stores::of(directory.path());
    prepare(&name);
    let mut options = plain_options(placement, directory.path(), &UNLIMITED);
    options.variables.extend(variables(&name));
    options.runtime_config = Some(directory.path().join("runtime-config.toml"));
    let found = host::doctor(&options).await;
    let bad: Vec<_> = found.iter().filter(|it| it.verdict == host::Verdict::Fail).collect();
    assert!(bad.is_empty(), "{bad:?}");
    let (app, server) = start(options).await;
    let receiver = Receiver::start().await;

    let owner = app.owner().await;
    let email = owner.session["user"]["email"].clone();
    let login = json!({ "email": email, "password": crate::support::server::PASSWORD });
    let session = app.anon().post("/api/v1/auth/login", &login).await.expect(200);
    let refresh = session.body["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    let client = json!({ "name": "import", "scopes": ["projects:read"] });
    owner.post("/api/v1/auth/clients", &client).await.expect(201);

    let endpoint =
        webhooks::endpoint_with(&owner, &receiver, "/all", json!({ "event_types": ["*"] })).await;
    let project = owner.post("/api/v1/projects", &json!({ "name": "P" })).await.expect(201);
    let path = format!("/api/v1/projects/{}", project.id());
    owner.patch(&path, &json!({ "name": "Q" })).await.expect(200);
    let headers = [("idempotency-key", "one")];
    for _ in 0..2 {
        let body = json!({ "name": "R" });
        owner.json(http::Method::POST, "/api/v1/projects", &body, &headers).await.expect(201);
    }
    owner.get("/api/v1/projects?include=owner&search=q").await.expect(200);
    owner.delete(&path).await.expect(204);
    let user = json!({ "email": "bob@example.com", "name": "Bob", "role": "ENGINEER" });
    owner.post("/api/v1/users", &user).await.expect(201);
    owner.get("/api/v1/users").await.expect(200);
    owner.post("/api/v1/teams", &json!({ "name": "T" })).await.expect(201);
    owner.get("/api/v1/teams").await.expect(200);
    owner.get("/api/v1/notices").await.expect(200);
    owner.get("/api/v1/events").await.expect(200);
    owner.get("/api/v1/events/stream").await.expect(200);
    // Each refusal of a function is in the audit log.
    for (function, path) in [
        ("auth", "/api/v1/auth/clients"),
        ("events", "/api/v1/events"),
        ("projects", "/api/v1/projects"),
        ("tenants", "/api/v1/users"),
        ("integrations", "/api/v1/integrations"),
        ("webhooks", "/api/v1/webhook-endpoints"),
    ] {
        let caller = crate::tenants::somebody(&app, &owner, function, &[], &[]);
        caller.get(path).await.refused(403, "insufficient_scope");
    }
    let sql = "SELECT actor_id FROM audit_logs WHERE action_type = 'access.refused' ORDER BY 1";
    // The operations of `operations` have no caller of a tenant.
    let called = FUNCTIONS.into_iter().filter(|function| *function != "operations");
    assert_eq!(app.rows(sql).concat(), called.collect::<Vec<_>>());
    webhooks::arrived(&app, &receiver, "/all", 3).await;
    owner.get(&format!("{}/{}/attempts", webhooks::PATH, endpoint.id())).await.expect(200);
    let integration = json!({ "name": "Repositories", "provider": "GITHUB" });
    owner.post("/api/v1/integrations", &integration).await.expect(201);
    owner.get("/api/v1/integrations").await.expect(200);

    crate::isolation::asked_by_owners(&app).await;

    let authorized = format!("Bearer {SCHEDULER}");
    let headers = [("authorization", authorized.as_str())];
    app.anon().send(http::Method::POST, "/internal/tick", &headers, None).await.expect(200);
    let authorized = format!("Bearer {OPERATOR}");
    let headers = [("authorization", authorized.as_str())];
    app.anon().send(http::Method::GET, "/internal/limits", &headers, None).await.expect(200);
    let refused = |line: &String| line.contains("permission denied");
    let log = app.log.lock().clone();
    assert!(!log.iter().any(refused), "{log:#?}");
    server.shutdown().await.unwrap();
}

/// A role sees the tables that its function uses, and no other. It cannot change rows of tables to
/// which the function only adds. It cannot become another role.
async fn nothing_of_others_is_seen() {
    let name = stores::database();
    prepare(&name);
    wait(async {
        for function in FUNCTIONS {
            let client = connect(&url(&format!("of_{function}"), &name)).await;
            for table in TABLES {
                let verbs: Vec<_> =
                    rights::of(function).filter(|(known, _)| *known == table).collect();
                let whole = verbs
                    .iter()
                    .any(|(_, verbs)| *verbs == "SELECT" || verbs.starts_with("SELECT,"));
                let may = verbs.iter().any(|(_, verbs)| verbs.contains("DELETE"));
                for (sql, allowed) in [
                    (format!("SELECT * FROM {table}"), whole),
                    (format!("DELETE FROM {table} WHERE false"), may),
                ] {
                    let expected = if allowed { DONE } else { FORBIDDEN };
                    assert_eq!(state(&client, &sql).await, expected, "{function}: {sql}");
                }
            }
            for refused in [
                "SELECT * FROM events_default".to_owned(),
                "CREATE TABLE mine (id INT)".to_owned(),
                "INSERT INTO schema_migrations VALUES (99, 0)".to_owned(),
                format!("SET ROLE {}", role("auth").replace("_of_auth", "_owner")),
            ] {
                assert_eq!(state(&client, &refused).await, FORBIDDEN, "{function}: {refused}");
            }
            let expected = if function == "auth" { DONE } else { FORBIDDEN };
            for secret in ["SELECT sealed FROM signing_keys", "SELECT password_hash FROM users"] {
                assert_eq!(state(&client, secret).await, expected, "{function}: {secret}");
            }
        }
        let admin = connect(&admin_url()).await;
        let count = format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{}%'", role(""));
        assert_eq!(rows_of(&admin, &count).await, [[FUNCTIONS.len().to_string()]]);
    });
}

/// A server refuses a database URL for all functions beside one for a single function, because the
/// former would give that function the rights of all.
async fn urls_are_for_all_or_for_each() {
    let directory = tempfile::tempdir().unwrap();
    let place = |path: &Path| path.join("data");
    let some = ("postgres_url_auth", "postgres://a@127.0.0.1:5432/x");
    for variables in [vec![some], vec![some, ("postgres_url", "postgres://b@127.0.0.1:5432/x")]] {
        let options = plain_options(Placement::Fused, &place(directory.path()), &variables);
        let error = host::up(options).await.err().expect("is refused");
        assert!(format!("{error:#}").contains("set only the one, or only all"), "{error:#}");
    }
}
