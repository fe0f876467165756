//! POST /api/v1/webhooks/{kind}

use http::Method;
use serde_json::json;

use super::inbound::{INTEGRATIONS, connect, hex, ingested, mac, stored};

logic! {
    /// The sample of the requirements (A-91) works with a signature of this integration.
    async fn the_sample_of_the_requirements(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let body = r#"{"id":"evt_123","type":"payment.succeeded","data":{"amount_minor":129900,"currency":"USD"}}"#;
        let signature = format!("sha256={}", hex(&mac(sender.secret.as_bytes(), body)));
        let headers = [("content-type", "application/json"), ("x-signature", signature.as_str())];
        for (prefix, status) in [("/api/v1", 202), ("/v1", 200)] {
            let path = format!("{prefix}/webhooks/payment?integration={}", sender.integration);
            app.anon().send(Method::POST, &path, &headers, Some(body.to_owned())).await.expect(status);
        }
        let events = ingested(&owner, 1).await;
        assert_eq!(events[0]["data"]["payload"]["data"], json!({ "amount_minor": 129_900, "currency": "USD" }));
    }

    /// The path must have the kind of the integration, and the request must name an integration.
    async fn of_its_kind(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let signature = format!("sha256={}", hex(&mac(sender.secret.as_bytes(), "{}")));
        let headers = [("content-type", "application/json"), ("x-signature", signature.as_str())];
        let send = async |path: String| app.anon().send(Method::POST, &path, &headers, Some("{}".to_owned())).await;
        send(format!("/api/v1/webhooks/refund?integration={}", sender.integration)).await.refused(401, "authentication_required");
        send("/api/v1/webhooks/payment".to_owned()).await.refused(422, "validation_failed");
        assert_eq!(stored(&app, &owner), "0");
        owner.patch(&format!("{INTEGRATIONS}/{}", sender.integration), &json!({ "kind": "refund" })).await.expect(200);
        send(format!("/api/v1/webhooks/refund?integration={}", sender.integration)).await.expect(202);
    }
}
