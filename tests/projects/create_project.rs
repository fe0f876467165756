//! POST /api/v1/projects

use http::Method;
use serde_json::json;

use super::{PATH, events};
use crate::snapshot;

logic! {
    /// The sample of the requirements: the same request twice makes one project.
    async fn the_sample_of_the_requirements(app) {
        let tenant = format!("TENANT_{}", app.owner().await.tenant().trim_start_matches("tenant_"));
        let owner = app.owner_named(&format!("{tenant}@example.com"), Some(&tenant)).await;
        let body = json!({ "name": "Site A – BESS Retrofit", "tenant_id": tenant });
        let key = [("idempotency-key", "0f8fad5b-d9cb-469f-a165-70867728950e")];
        let made = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        let again = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        assert_eq!(made.body, again.body);
        assert_eq!(made.header("idempotent-replayed"), None);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(made.header("location"), Some(format!("{PATH}/{}", made.id()).as_str()));
        assert_eq!(made.body["name"], "Site A – BESS Retrofit");
        assert_eq!(made.body["title"], made.body["name"]);
        assert_eq!(events(&owner, "project.created").await, 1);
    }

    /// A plain create answers with the project.
    async fn answers_the_project(app) {
        let owner = app.owner().await;
        let body = json!({ "title": "Site B", "description": "Roof" });
        snapshot!("create_project", owner.post(PATH, &body).await.expect(201));
    }

    /// The refusal of a wrong body lists every violation, and nothing is made.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let refused = owner.post(PATH, &json!({ "name": "", "description": 7, "owner": "x", "a/b~c": 1 })).await
            .refused(422, "validation_failed");
        assert_eq!(refused.violations(), [
            "/description WRONG_TYPE", "/name TOO_SHORT", "/a~1b~0c UNKNOWN_FIELD", "/owner UNKNOWN_FIELD",
        ]);
        snapshot!("create_project_violations", refused);
        owner.post(PATH, &json!({})).await.refused(422, "validation_failed");
        owner.post(PATH, &json!({ "name": "a", "title": "b" })).await.refused(422, "validation_failed");
        owner.post(PATH, &json!([])).await.refused(422, "validation_failed");
        owner.post(PATH, &json!({ "name": "x".repeat(201) })).await.refused(422, "validation_failed");
        let bell = owner.post(PATH, &json!({ "name": "\u{7}" })).await.refused(422, "validation_failed");
        assert_eq!(bell.violations(), ["/name CONTROL_CHARACTER"]);
        owner.post(PATH, &json!({ "name": "a", "tenant_id": "tenant_other" })).await.refused(403, "tenant_mismatch");
        assert_eq!(owner.get(PATH).await.body["items"], json!([]));
        assert_eq!(events(&owner, "project.created").await, 0);
    }
}

everywhere! {
    /// Parallel requests with one key make one project and one event (S-39).
    async fn parallel_requests_with_one_key(app) {
        let owner = app.owner().await;
        let requests = (0..16).map(|_| {
            let owner = owner.clone();
            tokio::spawn(async move {
                let key = [("idempotency-key", "one-key-for-all")];
                owner.json(Method::POST, PATH, &json!({ "name": "once" }), &key).await
            })
        });
        let mut ids = std::collections::BTreeSet::new();
        for request in requests.collect::<Vec<_>>() {
            let exchange = request.await.unwrap();
            match exchange.status {
                201 => drop(ids.insert(exchange.id().to_owned())),
                _ => {
                    let refused = exchange.refused(409, "idempotency_conflict");
                    assert!(refused.header("retry-after").is_some());
                }
            }
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(owner.get(PATH).await.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(events(&owner, "project.created").await, 1);
    }

    /// A key belongs to one body and to one caller.
    async fn a_key_is_bound_to_its_request(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let key = [("idempotency-key", "\"quoted-key\"")];
        let plain = [("idempotency-key", "quoted-key")];
        let first = alice.json(Method::POST, PATH, &json!({ "name": "a" }), &key).await.expect(201);
        alice.json(Method::POST, PATH, &json!({ "name": "b" }), &plain).await.refused(422, "idempotency_key_reused");
        let others = bob.json(Method::POST, PATH, &json!({ "name": "a" }), &plain).await.expect(201);
        assert_ne!(first.id(), others.id());
        alice.json(Method::POST, PATH, &json!({ "name": "a" }), &[("idempotency-key", "")]).await
            .refused(400, "malformed_request");
        assert_eq!(alice.get(PATH).await.body["items"].as_array().unwrap().len(), 1);
    }

    /// A refusal is not stored: the key can be used for the corrected request.
    async fn a_refusal_frees_the_key(app) {
        let owner = app.owner().await;
        let key = [("idempotency-key", "try-again")];
        owner.json(Method::POST, PATH, &json!({}), &key).await.refused(422, "validation_failed");
        owner.json(Method::POST, PATH, &json!({ "name": "now" }), &key).await.expect(201);
    }
}
