//! POST /api/v1/webhook-endpoints/{id}/rotate-secret

use http::Method;
use serde_json::json;

use super::signature::verify;
use crate::support::receiver::Receiver;
use crate::support::{Client, Exchange};
use crate::webhooks::{PATH, arrived, endpoint, operate, project, state};

async fn rotate(client: &Client, id: &str) -> Exchange {
    operate(client, id, "rotate-secret").await
}

everywhere! {
    /// During the grace period both secrets sign, the newest first. After it the old one does not
    /// sign.
    async fn both_sign_for_a_time(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let rotated = rotate(&owner, made.id()).await.expect(200);
        assert_eq!(rotated.header("cache-control"), Some("no-store"));
        let (old, new) = (made.body["secret"].as_str().unwrap(), rotated.body["secret"].as_str().unwrap());
        assert!(old != new && made.body["public_key"] != rotated.body["public_key"]);
        project(&owner, "a").await;
        let sent = arrived(&app, &receiver, "/hooks", 1).await;
        assert_eq!(verify(&sent[0], &[new, old]), [true, true]);
        assert_eq!(sent[0].header("webhook-signature").split(' ').count(), 2);
        // A day later.
        app.execute(&format!(
            "UPDATE webhook_secrets SET expires_at = expires_at - 86400000 WHERE endpoint_id = '{}' AND expires_at IS NOT NULL",
            made.id()
        ));
        project(&owner, "b").await;
        let sent = arrived(&app, &receiver, "/hooks", 2).await;
        assert_eq!(verify(&sent[1], &[new, old]), [true, false]);
    }

    /// Without a grace period the old secret ends at once. The caller may supply the new secret.
    async fn without_grace(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let path = format!("{PATH}/{}/rotate-secret", made.id());
        let rotated = owner.post(&path, &json!({ "secret": secret, "grace_seconds": 0 })).await.expect(200);
        assert_eq!(rotated.body["secret"], secret);
        project(&owner, "a").await;
        let sent = arrived(&app, &receiver, "/hooks", 1).await;
        assert_eq!(verify(&sent[0], &[secret, made.body["secret"].as_str().unwrap()]), [true, false]);
        let read = owner.get(&format!("{PATH}/{}", made.id())).await.expect(200);
        assert!(!read.text.contains("whsec_"));
    }

    /// The body may be left out, with or without a `Content-Type`. A body that is present needs a
    /// type.
    async fn needs_no_body(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let path = format!("{PATH}/{}/rotate-secret", made.id());
        let send = async |headers: &[(&str, &str)], body: Option<&str>| {
            owner.send(Method::POST, &path, headers, body.map(str::to_owned)).await
        };
        let json = [("content-type", "application/json")];
        send(&[], None).await.expect(200);
        send(&json, None).await.expect(200);
        send(&json, Some("")).await.expect(200);
        let before = owner.get(&format!("{PATH}/{}", made.id())).await.expect(200);
        send(&[], Some("{}")).await.refused(415, "unsupported_media_type");
        send(&json, Some("{")).await.refused(400, "malformed_request");
        send(&[("content-type", "text/plain")], None).await.refused(415, "unsupported_media_type");
        assert_eq!(owner.get(&format!("{PATH}/{}", made.id())).await.expect(200).body, before.body);
        // If an operation requires a body, then a request without one is still refused.
        owner.send(Method::POST, PATH, &[], None).await.refused(415, "unsupported_media_type");
    }

    /// An invalid secret is refused, and the old one stays.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}/rotate-secret", made.id());
        let before = state(&owner).await;
        let short = json!({ "secret": "whsec_c2hvcnQ=", "grace_seconds": 604_801 });
        let refused = owner.post(&path, &short).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/grace_seconds OUT_OF_RANGE", "/secret TOO_SHORT"]);
        let wrong = json!({ "secret": "whsec_not in base64 at all, but long enough" });
        let refused = owner.post(&path, &wrong).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/secret INVALID_FORMAT"]);
        assert!(!refused.text.contains("not in base64"));
        let sql = format!("SELECT COUNT(*) FROM webhook_secrets WHERE endpoint_id = '{}'", made.id());
        assert_eq!(app.rows(&sql), [["1"]]);
        assert_eq!(state(&owner).await, before);
        rotate(&owner, "whe_missing").await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        rotate(&owner, made.id()).await.refused(410, "resource_gone");
    }
}
