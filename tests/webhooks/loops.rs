//! A loop ends: deliveries to this system itself stop after a bounded number of hops.

use http::Method;
use serde_json::{Value, json};

use super::inbound::{connect, now};
use super::{PATH, PATIENCE, events, project, settled, tick};
use crate::support::App;

/// Runs deliveries and ingestion until nothing is left to do.
async fn run_dry(app: &App, tenant: &str) {
    let waiting = format!(
        "SELECT external_id FROM inbound_events WHERE tenant_id = '{tenant}' AND status = 'RECEIVED'"
    );
    let due = format!(
        "SELECT endpoint_id FROM webhook_queues WHERE tenant_id = '{tenant}' AND (due_at = 0 OR lease IS NOT NULL)"
    );
    let began = std::time::Instant::now();
    while !app.rows(&waiting).is_empty() || !app.rows(&due).is_empty() {
        assert!(began.elapsed() < PATIENCE, "it goes on");
        tick(app).await;
    }
}

transport! {
    /// Two endpoints lead to two integrations of the same tenant, and both endpoints take the
    /// events of each integration. Each hop doubles the number of events, and the third hop is the
    /// last.
    async fn two_endpoints_and_two_integrations(app) {
        let owner = app.owner().await;
        let mut endpoints = Vec::new();
        for _ in 0..2 {
            let sender = connect(&owner, "TENANTRY").await;
            let body = json!({
                "url": format!("{}{}", app.base, sender.path()), "secret": sender.secret,
                "event_types": ["project.*", "record.ingested"],
            });
            endpoints.push(owner.post(PATH, &body).await.expect(201).id().to_owned());
        }
        project(&owner, "a").await;
        run_dry(&app, owner.tenant()).await;
        for id in &endpoints {
            settled(&app, &owner, id).await;
        }
        let ingested = events(&owner, "record.ingested").await;
        let hops = |n: u64| ingested.iter().filter(|it| it["data"]["hops"] == n).count();
        assert_eq!((ingested.len(), hops(1), hops(2)), (6, 2, 4));
        for id in &endpoints {
            let page = owner.get(&format!("{PATH}/{id}/attempts?limit=100")).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            // One delivery of the write, two of the first hop, and four of the second hop.
            assert_eq!(items.len(), 7, "{}", page.text);
            assert!(items.iter().all(|it| it["status"] == "SUCCEEDED"), "nothing is tried again");
            let ignored = items.iter().filter(|it| it["response_body"].as_str().unwrap().contains("IGNORED"));
            assert_eq!(ignored.count(), 4);
        }
    }

    /// A receiver trusts the hop count, and ignores a webhook whose count it cannot read.
    async fn receivers_count(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "GITHUB").await;
        for (id, hops, status) in [("a", "1", 202), ("b", "2", 202), ("c", "3", 200), ("d", "x", 200)] {
            let mut signed = sender.sign(id, now());
            signed.headers.push(("tenantry-hops", hops.to_owned()));
            let answer = signed.send(&app).await.expect(status);
            assert_eq!(answer.body["status"], if status == 202 { "ACCEPTED" } else { "IGNORED" }, "{hops}");
        }
        // An ignored webhook is not remembered: without the count it is accepted.
        sender.sign("c", now()).send(&app).await.expect(202);
    }

    /// Other operations refuse deliveries. Otherwise an endpoint that leads to such an operation,
    /// with a credential among its headers, would cause its own next event.
    async fn other_operations_take_no_deliveries(app) {
        let owner = app.owner().await;
        let id = project(&owner, "a").await;
        let path = format!("/api/v1/projects/{id}");
        for (method, path, body) in [
            (Method::POST, format!("{path}/archive"), None),
            (Method::POST, "/api/v1/projects".to_owned(), Some(json!({ "name": "b" }))),
            (Method::GET, path.clone(), None),
        ] {
            let headers = [("tenantry-hops", "1"), ("content-type", "application/json")];
            let body = body.map(|body: Value| body.to_string());
            let refused = owner.send(method, &path, &headers, body).await;
            refused.refused(400, "malformed_request");
        }
        assert_eq!(owner.get(&path).await.expect(200).body["status"], "ACTIVE");
        assert_eq!(events(&owner, "project.created").await.len(), 1);
    }
}
