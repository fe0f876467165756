//! Rate limits.

use serde_json::json;

use crate::support::{App, Placement, dedicated};
use crate::{both, snapshot};

/// Waits until the running minute has at least 20 seconds left.
pub async fn early_in_a_minute() {
    loop {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        if now.as_secs() % 60 < 40 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

async fn statuses(app: &App, client: &crate::support::Client, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(client.get("/api/v1/projects").await.status);
    }
    let _ = app;
    statuses
}

/// Reads, writes and sign-ins have buckets of their own, for each identity; a refusal
/// tells when to come back, and does nothing.
async fn by_class_and_identity(placement: Placement) {
    let variables = [
        ("limit_read_per_minute", "5"),
        ("limit_write_per_minute", "2"),
        ("limit_auth_per_minute", "4"),
    ];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let (alice, bob) = (app.owner().await, app.owner().await);
    early_in_a_minute().await;
    assert_eq!(statuses(&app, &alice, 6).await, [200, 200, 200, 200, 200, 429]);
    assert_eq!(
        bob.get("/api/v1/projects").await.status,
        200,
        "another identity has its own bucket"
    );
    let write = async |name: &str| alice.post("/api/v1/projects", &json!({ "name": name })).await;
    assert_eq!(write("a").await.header("x-ratelimit-remaining"), Some("1"));
    write("b").await.expect(201);
    let refused = write("c").await.refused(429, "rate_limit_exceeded");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        (refused.header("x-ratelimit-limit"), refused.header("x-ratelimit-remaining")),
        (Some("2"), Some("0"))
    );
    assert_eq!(refused.body["details"]["retry_after"], json!(wait));
    snapshot!("rate_limited", {
        let mut refused = refused;
        refused.headers.remove("retry-after");
        refused.body["message"] = json!("[message]");
        refused.body["details"]["retry_after"] = json!("[seconds]");
        refused
    });
    let login = json!({ "email": "nobody@example.com", "password": "guess" });
    let mut guesses = Vec::new();
    for _ in 0..4 {
        guesses.push(app.anon().post("/api/v1/auth/login", &login).await.status);
    }
    assert!(guesses.ends_with(&[429]) && !guesses.contains(&200), "{guesses:?}");
    let stored = projects(&app, alice.tenant());
    assert_eq!(stored, 2, "the refused write made nothing");
    server.shutdown().await.unwrap();
}

fn projects(app: &App, tenant: &str) -> i64 {
    let count = app.rows(&format!("SELECT COUNT(*) FROM projects WHERE tenant_id = '{tenant}'"));
    count[0][0].parse().unwrap()
}

/// The address has a bucket before anything else is looked at.
async fn by_address(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[("limit_ip_per_minute", "3")]).await;
    early_in_a_minute().await;
    let anon = app.anon();
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(anon.get("/api/v1/projects").await.status);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 3, "{statuses:?}");
    assert!(statuses.ends_with(&[429]), "{statuses:?}");
    server.shutdown().await.unwrap();
}

/// Counters outlive a restart (S-4).
async fn outlives_a_restart(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[("limit_read_per_minute", "3")]).await;
    let owner = app.owner().await;
    early_in_a_minute().await;
    assert_eq!(statuses(&app, &owner, 3).await, [200, 200, 200]);
    server.shutdown().await.unwrap();
    let mut variables = crate::support::server::UNLIMITED.to_vec();
    variables.push(("limit_read_per_minute", "3"));
    let options = crate::support::server::options(placement, directory.path(), &variables);
    let (app, server) = crate::support::server::start(options).await;
    let again = crate::support::Client::new(&app.base, Some(owner.token()));
    again.get("/api/v1/projects").await.refused(429, "rate_limit_exceeded");
    server.shutdown().await.unwrap();
}

both! { by_class_and_identity by_address outlives_a_restart }
