//! Targets to which no delivery goes, whenever the endpoint was written.

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, attempts, endpoint, operate, project, state};

/// Hosts that are not in the public DNS, because of their name or their form. More of them are
/// tested beside the code.
const NOWHERE: [&str; 14] = [
    "https://self.alt/internal/tick",
    "https://SELF.ALT./",
    "https://self/",
    "https://x.alt/",
    "https://intranet/",
    "https://printer.local/",
    "https://router.home.arpa/",
    "https://auth.spin.internal/",
    "https://a.test/",
    "https://example.com:0/",
    "https://%65xample.com/",
    "https://*.example.com/",
    "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.com/",
    "https://168.63.129.16/",
];

logic! {
    /// Such a host is refused at creation and on update, in development too.
    async fn refused_in_writing(app) {
        let owner = app.owner().await;
        let good = json!({ "url": "https://example.com/", "event_types": ["notice.published"] });
        let made = owner.post(PATH, &good).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let before = state(&owner).await;
        for url in NOWHERE.into_iter().chain(["http://self.alt/", "http://self/"]) {
            let body = json!({ "url": url });
            let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/url NOT_ALLOWED_VALUE"], "{url}");
            owner.patch(&path, &body).await.refused(422, "validation_failed");
            let tag = [("if-match", made.header("etag").unwrap())];
            let put = owner.json(http::Method::PUT, &path, &body, &tag).await;
            put.refused(422, "validation_failed");
        }
        assert_eq!(state(&owner).await, before);
    }

    /// An endpoint that was written before this rule existed is checked again before a delivery.
    async fn refused_when_it_is_sent(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        for url in ["https://self.alt/internal/tick", "http://169.254.169.254/"] {
            app.execute(&format!("UPDATE webhook_endpoints SET url = '{url}' WHERE id = '{}'", made.id()));
            project(&owner, "a").await;
            let tried = attempts(&app, &owner, made.id(), 1).await;
            assert_eq!((&tried[0]["error"], &tried[0]["response_status"]), (&json!("ADDRESS_DENIED"), &json!(null)));
        }
        operate(&owner, made.id(), "disable").await.expect(200);
        assert_eq!(receiver.received("/hooks").len(), 0);
    }

    /// A pattern for event types that do not exist is refused, because it would wait in vain. The
    /// refusal names the existing types.
    async fn unknown_types_are_refused(app) {
        let owner = app.owner().await;
        let before = state(&owner).await;
        for misspelt in ["project.creatd", "projct.*", "projec.*", "*.created"] {
            let body = json!({ "url": "https://example.com/", "event_types": ["project.*", misspelt] });
            let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/event_types/1 NOT_ALLOWED_VALUE"], "{misspelt}");
            assert!(refused.text.contains("project.created, "), "{}", refused.text);
        }
        assert_eq!(state(&owner).await, before);
    }
}
