//! POST /internal/tick

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use super::{PATH as ENDPOINTS, attempt, endpoint, project};
use crate::support::receiver::{Answer, Receiver};
use crate::support::server::{SCHEDULER, UNLIMITED, options, start};
use crate::support::stores::{connect, external, of, url};
use crate::support::{App, Client, Exchange, Placement, dedicated};

storage! {
    takes_away_what_is_too_old(placement) keeps_what_is_pending(placement) tells_what_is_due()
}
external! { waits_for_no_dump(placement) }
transport! { needs_the_credential(placement) }
everywhere! { limits_hold_up_who_guesses(placement) goes_on_until_nothing_is_due() }

const PATH: &str = "/internal/tick";
const DAY: i64 = 86_400_000;

pub async fn tick(client: &Client, token: &str) -> Exchange {
    let bearer = format!("Bearer {token}");
    client.send(Method::POST, PATH, &[("authorization", &bearer)], None).await
}

/// Writes events of a tenant that are this many days old.
pub fn seed(app: &App, tenant: &str, days: i64, count: usize) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let moment = i64::try_from(now).unwrap() - days * DAY;
    if external() {
        app.execute(&format!("SELECT tenantry_add_partitions('events', {moment}, 1)"));
    }
    let data = crate::events::project(tenant, "prj_x");
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

/// Events that are too old are deleted, in bounded steps, and the others stay.
async fn takes_away_what_is_too_old(placement: Placement) {
    let variables = [("retention_events_days", "60"), ("retention_webhooks_days", "60")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let owner = app.owner().await;
    app.execute(
        "INSERT INTO idempotency_receipts (tenant_id, key, fingerprint, status, headers, body, expires_at) \
         VALUES ('t', 'gone', 'f', 200, '[]', '', 1), ('t', 'kept', 'f', 200, '[]', '', 9999999999999)",
    );
    attempt(&app, owner.tenant(), "whe_x", "atm_gone");
    app.execute("UPDATE webhook_attempts SET created_at = 1");
    attempt(&app, owner.tenant(), "whe_x", "atm_kept");
    seed(&app, owner.tenant(), 100, 10_600);
    seed(&app, owner.tenant(), 50, 5);
    let first = tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!(first.body["idempotency_receipts"], 1);
    assert_eq!(first.body["webhook_attempts"], 1);
    assert_eq!(app.rows("SELECT id FROM webhook_attempts"), [["atm_kept"]]);
    if external() {
        // The month is a partition, and was dropped as a whole.
        assert_eq!((first.body["events"].as_i64(), old(&app)), (Some(1), 5), "{}", first.text);
    } else {
        assert_eq!(
            (first.body["events"].as_i64(), first.body["more"].as_bool()),
            (Some(10_000), Some(true))
        );
        let second = tick(&app.anon(), SCHEDULER).await.expect(200);
        assert_eq!(
            (second.body["events"].as_i64(), second.body["more"].as_bool()),
            (Some(600), Some(false))
        );
        assert_eq!(old(&app), 5);
    }
    let again = tick(&app.anon(), SCHEDULER).await.expect(200);
    let nothing = ["events", "audit_logs", "idempotency_receipts", "refresh_tokens", "attempts"];
    assert!(nothing.iter().all(|name| again.body[name] == 0), "{}", again.text);
    assert_eq!(again.body["more"], false);
    // The feed goes on after the gap.
    let feed = owner.get("/api/v1/events?limit=100").await.expect(200);
    assert_eq!(feed.body["items"].as_array().unwrap().len(), 2 + 5);
    owner.post("/api/v1/projects", &json!({ "name": "x" })).await.expect(201);
    server.shutdown().await.unwrap();
}

/// While a long read runs, such as a dump, partitions stay, and no other query waits for it.
async fn waits_for_no_dump(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 150, 3);
    let dump = connect(&url("owner", &of(directory.path()))).await;
    dump.batch_execute("BEGIN; SELECT count(*) FROM events").await.unwrap();
    let began = std::time::Instant::now();
    let answer = tick(&app.anon(), SCHEDULER).await.expect(200);
    // If the tick waited for the lock, every writer and reader of events would wait behind it.
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "it gives up at once");
    assert_eq!(
        (answer.body["events"].as_i64(), answer.body["more"].as_bool()),
        (Some(0), Some(true))
    );
    assert_eq!(old(&app), 3);
    dump.batch_execute("COMMIT").await.unwrap();
    let answer = tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!(
        (answer.body["events"].as_i64(), answer.body["more"].as_bool()),
        (Some(1), Some(false))
    );
    server.shutdown().await.unwrap();
}

/// Only a caller with the scheduler's credential may call it.
async fn needs_the_credential(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    seed(&app, owner.tenant(), 100, 3);
    for token in ["", "guess", owner.token()] {
        tick(&app.anon(), token).await.refused(401, "authentication_required");
    }
    app.anon().send(Method::POST, PATH, &[], None).await.refused(401, "authentication_required");
    assert_eq!(old(&app), 3, "a refused call does nothing");
    server.shutdown().await.unwrap();
}

/// The rate limit applies to callers who guess the credential. It does not apply to the scheduler,
/// which also uses up nothing of the bucket of its address.
async fn limits_hold_up_who_guesses(placement: Placement) {
    let few = [("limit_tick_per_minute", "2;burst=2"), ("limit_ip_per_minute", "30;burst=30")];
    let (app, server, _directory) = dedicated(placement, &few).await;
    for _ in 0..40 {
        tick(&app.anon(), SCHEDULER).await.expect(200);
    }
    tick(&app.anon(), "guess").await.refused(401, "authentication_required");
    tick(&app.anon(), "guess").await.refused(401, "authentication_required");
    tick(&app.anon(), "guess").await.refused(429, "rate_limit_exceeded");
    tick(&app.anon(), SCHEDULER).await.expect(200);
    server.shutdown().await.unwrap();
}

/// Deliveries that came to an end are deleted when they are too old. Pending ones stay.
async fn keeps_what_is_pending(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    for (id, status) in [("evt_a", "SUCCEEDED"), ("evt_b", "FAILED"), ("evt_c", "PENDING")] {
        app.execute(&format!(
            "INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_seq, \
             event_type, subject, status, attempts, due_at, created_at, updated_at) VALUES \
             ('{}', 'whe_x', '{id}', 1, 'project.created', 'prj_x', '{status}', 1, 0, 1, 1)",
            owner.tenant()
        ));
    }
    let done = tick(&app.anon(), SCHEDULER).await.expect(200);
    assert_eq!(done.body["webhook_deliveries"], 2);
    assert_eq!(app.rows("SELECT event_id FROM webhook_deliveries"), [["evt_c"]]);
    server.shutdown().await.unwrap();
}

/// If a gateway calls the tick itself after a write, then the call goes on until nothing is due,
/// because no write follows for the deliveries that are already due. One run ends after eight
/// seconds.
async fn goes_on_until_nothing_is_due() {
    /// More events than one run can send, with 32 at once and a second for each.
    const EVENTS: usize = 330;
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(Placement::Composed, directory.path(), &UNLIMITED);
    options.ticker = false;
    let (app, server) = start(options).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    receiver
        .script("/hooks", |_, _| Answer { delay: Duration::from_secs(1), ..Answer::status(200) });
    endpoint(&owner, &receiver, "/hooks").await;
    for number in 0..EVENTS {
        project(&owner, &number.to_string()).await;
    }
    let began = Instant::now();
    while receiver.answered("/hooks").len() < EVENTS {
        let count = receiver.answered("/hooks").len();
        assert!(began.elapsed() < Duration::from_secs(60), "{count} of {EVENTS} came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.shutdown().await.unwrap();
}

/// The answer tells what was sent and when the next delivery is due. With `wait` the call also
/// sends what becomes due meanwhile.
async fn tells_what_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let schedule = UNLIMITED.iter().copied().chain([("webhook_schedule", "0s,2s")]);
    let schedule: Vec<_> = schedule.collect();
    let mut options = options(Placement::Fused, directory.path(), &schedule);
    // Otherwise the host's own ticker would be first.
    options.ticker = false;
    let (app, server) = start(options).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    receiver.statuses("/hooks", &[500, 200]);
    let made = endpoint(&owner, &receiver, "/hooks").await;
    let only = format!("{PATH}?work=deliveries");
    let done = |answer: &Value| {
        [&answer["attempts"], &answer["next_due_at"], &answer["more"]].map(Clone::clone)
    };
    assert_eq!(done(&post(&app.anon(), &only).await), [json!(0), Value::Null, json!(false)]);
    project(&owner, "a").await;
    let first = post(&app.anon(), &only).await;
    let attempts = owner.get(&format!("{ENDPOINTS}/{}/attempts", made.id())).await;
    let next = attempts.body["items"][0]["next_attempt_at"].clone();
    assert_eq!(done(&first), [json!(1), next, json!(false)]);
    let waited = post(&app.anon(), &format!("{only}&wait=5")).await;
    assert_eq!(done(&waited), [json!(1), Value::Null, json!(false)]);
    assert_eq!(receiver.received("/hooks").len(), 2);
    server.shutdown().await.unwrap();
}

async fn post(client: &Client, path: &str) -> Value {
    let bearer = format!("Bearer {SCHEDULER}");
    client.send(Method::POST, path, &[("authorization", &bearer)], None).await.expect(200).body
}
