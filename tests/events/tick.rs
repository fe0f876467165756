//! POST /internal/tick

use http::Method;

use crate::both;
use crate::support::stores::{connect, external, of, url};
use crate::support::{App, Client, Exchange, Placement, dedicated};

const PATH: &str = "/internal/tick";
pub const TOKEN: &str = "the token of the operator";
const DAY: i64 = 86_400_000;

pub async fn tick(client: &Client, token: &str) -> Exchange {
    let bearer = format!("Bearer {token}");
    client.send(Method::POST, PATH, &[("authorization", &bearer)], None).await
}

/// Events of a tenant, this many days ago.
pub fn seed(app: &App, tenant: &str, days: i64, count: usize) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let moment = i64::try_from(now).unwrap() - days * DAY;
    if external() {
        app.execute(&format!("SELECT tenantry_add_partitions('events', {moment}, 1)"));
    }
    let data = super::project(tenant, "prj_x");
    let row = |n| {
        format!(
            "('old{days}-{tenant}-{n}', '{tenant}', 'project.created', 'prj_x', 'projects', '{data}', 't', {moment})"
        )
    };
    let rows: Vec<String> = (0..count).map(row).collect();
    app.execute(&format!(
        "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) VALUES {}",
        rows.join(", ")
    ));
}

fn old(app: &App) -> usize {
    let count = app.rows("SELECT COUNT(*) FROM events WHERE id LIKE 'old%'");
    count[0][0].parse().unwrap()
}

/// What is too old goes, in bounded steps, and what is not stays.
async fn takes_away_what_is_too_old(placement: Placement) {
    let variables = [("tick_token", TOKEN), ("retention_events_days", "60")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let owner = app.owner().await;
    app.execute(
        "INSERT INTO idempotency_receipts (tenant_id, key, fingerprint, status, headers, body, expires_at) \
         VALUES ('t', 'gone', 'f', 200, '[]', '', 1), ('t', 'kept', 'f', 200, '[]', '', 9999999999999)",
    );
    seed(&app, owner.tenant(), 100, 10_600);
    seed(&app, owner.tenant(), 50, 5);
    let first = tick(&app.anon(), TOKEN).await.expect(200);
    assert_eq!(first.body["idempotency_receipts"], 1);
    if external() {
        // The month is a partition, and went whole.
        assert_eq!((first.body["events"].as_i64(), old(&app)), (Some(1), 5), "{}", first.text);
    } else {
        assert_eq!(
            (first.body["events"].as_i64(), first.body["more"].as_bool()),
            (Some(10_000), Some(true))
        );
        let second = tick(&app.anon(), TOKEN).await.expect(200);
        assert_eq!(
            (second.body["events"].as_i64(), second.body["more"].as_bool()),
            (Some(600), Some(false))
        );
        assert_eq!(old(&app), 5);
    }
    let again = tick(&app.anon(), TOKEN).await.expect(200);
    let nothing = r#"{"events":0,"audit_logs":0,"idempotency_receipts":0,"refresh_tokens":0,"more":false,"key_values":"#;
    assert!(again.text.starts_with(nothing), "{}", again.text);
    // The feed goes on behind the gap.
    let feed = owner.get("/api/v1/events?limit=100").await.expect(200);
    assert_eq!(feed.body["items"].as_array().unwrap().len(), 2 + 5);
    owner.post("/api/v1/projects", &serde_json::json!({ "name": "x" })).await.expect(201);
    server.shutdown().await.unwrap();
}

/// While somebody reads for long, such as a dump, partitions stay and nobody waits for them.
async fn waits_for_no_dump(placement: Placement) {
    if !external() {
        return;
    }
    let (app, server, directory) = dedicated(placement, &[("tick_token", TOKEN)]).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 150, 3);
    let dump = connect(&url("owner", &of(directory.path()))).await;
    dump.batch_execute("BEGIN; SELECT count(*) FROM events").await.unwrap();
    let began = std::time::Instant::now();
    let answer = tick(&app.anon(), TOKEN).await.expect(200);
    // Whoever writes or reads events stands behind it for as long.
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "it gives up at once");
    assert_eq!(
        (answer.body["events"].as_i64(), answer.body["more"].as_bool()),
        (Some(0), Some(true))
    );
    assert_eq!(old(&app), 3);
    dump.batch_execute("COMMIT").await.unwrap();
    let answer = tick(&app.anon(), TOKEN).await.expect(200);
    assert_eq!(
        (answer.body["events"].as_i64(), answer.body["more"].as_bool()),
        (Some(1), Some(false))
    );
    server.shutdown().await.unwrap();
}

/// Only the operator may.
async fn needs_the_credential(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("tick_token", TOKEN)]).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 100, 3);
    for token in ["", "guess", owner.token()] {
        tick(&app.anon(), token).await.refused(401, "authentication_required");
    }
    app.anon().send(Method::POST, PATH, &[], None).await.refused(401, "authentication_required");
    assert_eq!(old(&app), 3, "a refused call does nothing");
    server.shutdown().await.unwrap();
}

both! { takes_away_what_is_too_old waits_for_no_dump needs_the_credential }
