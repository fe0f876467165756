//! Reads from a replica: another database stands for a replica that is behind, and lacks what the
//! replica has not received yet.

use std::time::Duration;

use serde_json::json;

use crate::support::Placement;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::stores::{self, connect, url, wait};

external! { writers_see_their_own(placement) without_the_replica(placement) }

/// A caller who has written reads from the writer, on every host. Every other caller reads from the
/// replica, and so does the writing caller a while later.
async fn writers_see_their_own(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let replica = stores::database();
    let reader = url("app", &replica);
    let mut variables = UNLIMITED.to_vec();
    variables.extend([
        ("postgres_reader_url", reader.as_str()),
        ("postgres_reader_host", stores::host(&reader)),
        ("read_own_writes_seconds", "2"),
    ]);
    let (app, server) = start(options(placement, directory.path(), &variables)).await;
    let other = options(placement, directory.path(), &variables);
    let (elsewhere, other) = start(other).await;
    let owner = app.owner().await;
    let (_, other_in_tenant) = machine(&app, &owner).await;
    // A caller who has just registered has written too.
    owner
        .get(&format!("/api/v1/users/{}", owner.session["user"]["id"].as_str().unwrap()))
        .await
        .expect(200);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    let path = "/api/v1/projects";
    let made = owner.post(path, &json!({ "name": "new" })).await.expect(201);
    let one = format!("{path}/{}", made.id());
    owner.get(&one).await.expect(200);
    let there = crate::support::Client::new(&elsewhere.base, Some(owner.token()));
    there.get(&one).await.expect(200);
    // A caller who has not written gets the answer of the replica, which does not have the row yet.
    other_in_tenant.get(&one).await.expect(404);
    tokio::time::sleep(Duration::from_millis(2300)).await;
    owner.get(&one).await.expect(404);
    // The replica catches up.
    copy(&app, &replica, "projects");
    owner.get(&one).await.expect(200);
    other_in_tenant.get(&one).await.expect(200);
    server.shutdown().await.unwrap();
    other.shutdown().await.unwrap();
}

/// A replica that does not answer costs time, but no request fails.
async fn without_the_replica(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let dead = format!("127.0.0.1:{}", crate::support::servers::free_port());
    let reader = format!("postgres://nobody@{dead}/none?connect_timeout=1");
    let mut variables = UNLIMITED.to_vec();
    variables.extend([
        ("postgres_reader_url", reader.as_str()),
        ("postgres_reader_host", &dead),
        ("read_own_writes_seconds", "1"),
    ]);
    let (app, server) = start(options(placement, directory.path(), &variables)).await;
    let owner = app.owner().await;
    // Until then the owner, who has registered, would read from the writer.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    // The first request of an instance checks the schema, so it notices by that.
    for _ in 0..3 {
        owner.get("/api/v1/projects").await.expect(200);
    }
    server.shutdown().await.unwrap();
}

/// A machine client of the tenant, which is another principal.
async fn machine(
    app: &crate::support::App,
    owner: &crate::support::Client,
) -> (String, crate::support::Client) {
    let body = json!({ "name": "reader", "scopes": ["projects:read"] });
    let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text("client_id"),
        text("client_secret")
    );
    let token = app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    (text("client_id"), owner.with_token(token.body["access_token"].as_str().unwrap()))
}

fn copy(app: &crate::support::App, replica: &str, table: &str) {
    let rows = app.rows(&format!("SELECT row_to_json(t)::text FROM {table} t"));
    wait(async {
        let client = connect(&url("owner", replica)).await;
        for row in rows {
            let sql = format!(
                "INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, '{}')",
                row[0].replace('\'', "''")
            );
            client.batch_execute(&sql).await.unwrap();
        }
    });
}
