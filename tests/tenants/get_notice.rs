//! GET /api/v1/notices/{id}

use http::Method;
use serde_json::json;

use super::{NOTICES, publish, state};

logic! {
    /// A notice reads as it was published. If the client has the current version, it gets 304.
    async fn answers_the_notice(app) {
        let owner = app.owner().await;
        publish(&app, owner.tenant(), "ntc_a", 1_772_357_400_000);
        let path = format!("{NOTICES}/ntc_a");
        let read = owner.get(&path).await.expect(200);
        assert_eq!(read.body, json!({
            "id": "ntc_a",
            "tenant_id": owner.tenant(),
            "kind": "DEPRECATION",
            "title": "ntc_a",
            "body": "Version 1 ends.",
            "effective_at": null,
            "url": null,
            "version": 1,
            "created_at": "2026-03-01T09:30:00.000Z",
            "updated_at": "2026-03-01T09:30:00.000Z",
        }));
        assert_eq!(read.header("etag"), Some("\"v1-native\""));
        owner.send(Method::GET, &path, &[("if-none-match", "\"v1-native\"")], None).await.expect(304);
    }

    /// No operation of the API changes or deletes a notice.
    async fn cannot_be_written(app) {
        let owner = app.owner().await;
        publish(&app, owner.tenant(), "ntc_a", 1_772_357_400_000);
        let before = state(&owner, NOTICES).await;
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            owner.json(method, &format!("{NOTICES}/ntc_a"), &json!({}), &[]).await.refused(405, "method_not_allowed");
        }
        assert_eq!(state(&owner, NOTICES).await, before);
    }
}

everywhere! {
    /// A notice of another tenant gets the same 404 as one that never existed.
    async fn a_missing_notice_is_a_404(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        publish(&app, bob.tenant(), "ntc_of_bob", 1_772_357_400_000);
        for id in ["ntc_missing", "ntc_of_bob"] {
            alice.get(&format!("{NOTICES}/{id}")).await.refused(404, "resource_not_found");
        }
        bob.get(&format!("{NOTICES}/ntc_of_bob")).await.expect(200);
    }
}
