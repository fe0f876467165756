//! PATCH /api/v1/integrations/{id}

use serde_json::json;

use super::inbound::{INTEGRATIONS, connect, now};

logic! {
    /// A patch changes name and kind. The provider and the secret stay.
    async fn changes_name_and_kind(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "GITHUB").await;
        let path = format!("{INTEGRATIONS}/{}", sender.integration);
        let changed = owner.patch(&path, &json!({ "name": "b", "kind": null })).await.expect(200);
        assert_eq!(
            [&changed.body["name"], &changed.body["kind"], &changed.body["provider"]],
            [&json!("b"), &json!("record"), &json!("GITHUB")]
        );
        for body in [json!({ "provider": "SLACK" }), json!({ "kind": "a b" }), json!({ "secret": "x".repeat(20) })] {
            owner.patch(&path, &body).await.refused(422, "validation_failed");
        }
        assert_eq!(owner.get(&path).await.expect(200).body, changed.body);
        sender.sign("evt_1", now()).send(&app).await.expect(202);
    }
}
