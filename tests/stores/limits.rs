//! Rate limits while the key-value store does not answer.

use std::time::Duration;

use serde_json::json;

use super::Site;
use crate::support::process::Process;
use crate::support::servers::Redis;
use crate::support::{Client, Placement, stores};

external! { without_the_store(placement) }

const PROJECTS: &str = "/api/v1/projects";

async fn metrics(host: &Process) -> String {
    let bearer = format!("Bearer {}", crate::support::server::OPERATOR);
    let url = format!("{}/metrics", host.app.base);
    let answer = reqwest::Client::new().get(url).header("authorization", bearer).send().await;
    answer.unwrap().text().await.unwrap()
}

/// While the store is down, the gateway alone counts reads and writes, with the same limit.
/// Requests that could guess passwords are refused, and the metrics tell of the failures. When the
/// store is back, the common bucket is used again.
async fn without_the_store(placement: Placement) {
    let mut redis = Redis::start();
    let name = stores::database();
    let site = Site::with(&stores::url("app", &name), &redis.url());
    let mut setting = site.host("one", placement);
    setting.variables.push(("limit_read_per_minute".to_owned(), "5".to_owned()));
    let host = Process::spawn(&setting);
    let owner = host.app.owner().await;
    owner.get(PROJECTS).await.expect(200);
    assert!(metrics(&host).await.contains("key_value_failures_total{store=\"default\"} 0"));
    redis.crash();
    let statuses = async |client: &Client, count: usize| {
        let mut statuses = Vec::new();
        for _ in 0..count {
            statuses.push(client.get(PROJECTS).await.status);
        }
        statuses
    };
    assert_eq!(statuses(&owner, 6).await, [200, 200, 200, 200, 200, 429]);
    let login = json!({ "email": "ana@example.com", "password": "guess" });
    let refused = host.app.anon().post("/api/v1/auth/login", &login).await;
    let refused = refused.refused(503, "service_unavailable");
    assert!(refused.header("retry-after").is_some());
    let told = metrics(&host).await;
    assert!(!told.contains("key_value_failures_total{store=\"default\"} 0"), "{told}");
    assert!(told.contains("http_requests_total{component=\"auth\",status=\"503\"} 1"), "{told}");
    redis.up();
    // This Redis keeps nothing over a restart, so the bucket is a new one.
    let began = std::time::Instant::now();
    while host.app.anon().post("/api/v1/auth/login", &login).await.status == 503 {
        assert!(began.elapsed() < Duration::from_secs(20), "the store is not found again");
    }
    assert_eq!(statuses(&owner, 6).await, [200, 200, 200, 200, 200, 429]);
}
