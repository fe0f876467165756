//! Custom headers of endpoints: which names are allowed, and who sees their values.

use serde_json::json;

use crate::support::receiver::{Answer, Receiver};
use crate::support::{App, Client};
use crate::webhooks::{PATH, arrived, endpoint_with, project, settled, state};

const MASK: &str = "********";
/// A value that looks like a credential, so that it is found wherever it is stored.
const TOKEN: &str = "tok_5rY8kq2Zt1";

/// The headers of an endpoint as the database stores them.
fn kept(app: &App, id: &str) -> String {
    let sql = format!("SELECT headers FROM webhook_endpoints WHERE id = '{id}'");
    app.rows(&sql).concat().concat()
}

/// The value of a header in the next delivery.
async fn sent(app: &App, owner: &Client, receiver: &Receiver, name: &str) -> String {
    let count = receiver.received("/hooks").len();
    project(owner, "a").await;
    let sent = arrived(app, receiver, "/hooks", count + 1).await;
    sent[count].headers.get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

logic! {
    /// A tenant cannot set headers that belong to a proxy, to the connection or to the platform.
    async fn others_are_reserved(app) {
        let owner = app.owner().await;
        let before = state(&owner).await;
        let reserved = [
            "Connection", "Content-Type", "Forwarded", "Host", "Tenantry-Hops", "True-Client-IP", "Via",
            "X-Forwarded-For", "X-Real-IP", "X-Remote-Addr", "X_Forwarded_For", "webhook-id",
        ];
        let headers: serde_json::Map<_, _> = reserved.iter().map(|name| ((*name).to_owned(), json!("1"))).collect();
        let body = json!({ "url": "https://example.com/", "headers": headers });
        let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
        let expected: Vec<_> = reserved.iter().map(|name| format!("/headers/{name} NOT_ALLOWED_VALUE")).collect();
        assert_eq!(refused.violations(), expected);
        assert_eq!(state(&owner).await, before);
    }

    /// If a client sends back the mask that it was shown, the value does not change. A new value
    /// replaces the old one.
    async fn the_mask_leaves_a_value(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let more = json!({ "event_types": ["project.*"], "headers": { "X-Token": TOKEN } });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        let path = format!("{PATH}/{}", made.id());
        for headers in [json!({ "X-Token": MASK }), json!({ "X-Token": TOKEN })] {
            let patched = owner.patch(&path, &json!({ "headers": headers })).await.expect(200);
            assert_eq!(patched.body["version"], 1, "nothing has changed");
        }
        let mut body = owner.get(&path).await.expect(200).body;
        body.as_object_mut().unwrap().retain(|name, _| ["url", "event_types", "headers"].contains(&name.as_str()));
        body["headers"]["X-Other"] = json!("other");
        owner.json(http::Method::PUT, &path, &body, &[("if-match", made.header("etag").unwrap())]).await.expect(200);
        assert_eq!(sent(&app, &owner, &receiver, "x-token").await, TOKEN);
        owner.patch(&path, &json!({ "headers": { "X-Token": "new" } })).await.expect(200);
        assert_eq!(sent(&app, &owner, &receiver, "x-token").await, "new");
        let before = state(&owner).await;
        for (headers, pointer) in [(json!({ "X-None": MASK }), "/headers/X-None"), (json!({ "x-token": "a" }), "/headers/x-token")] {
            let refused = owner.patch(&path, &json!({ "headers": headers })).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [format!("{pointer} NOT_ALLOWED_VALUE")]);
        }
        assert_eq!(state(&owner).await, before);
    }

    /// Events and audit entries show only the origin of a URL. Its path may be a credential, as in
    /// the webhook URL of a chat.
    async fn urls_are_told_by_their_origin(app) {
        let owner = app.owner().await;
        let url = format!("https://hooks.example.com:8443/services/{TOKEN}?key={TOKEN}");
        let made = owner.post(PATH, &json!({ "url": url, "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(owner.get(&path).await.expect(200).body["url"], url, "who manages it sees it");
        owner.patch(&path, &json!({ "description": "chat" })).await.expect(200);
        owner.delete(&path).await.expect(204);
        let feed = owner.get("/api/v1/events?type=endpoint.*").await.expect(200);
        let audit = app.rows(&format!("SELECT metadata FROM audit_logs WHERE tenant_id = '{}'", owner.tenant())).concat().concat();
        assert!(!feed.text.contains(TOKEN) && !audit.contains(TOKEN), "{audit}");
        let items = feed.body["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        assert!(items.iter().all(|it| it["data"]["url"] == "https://hooks.example.com:8443/"), "{}", feed.text);
    }
}

storage! {
    /// No answer, event, audit entry or database row shows the value. The receiver gets it.
    async fn values_are_sealed_and_masked(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.script("/hooks", |one, _| Answer { body: one.header("x-token").to_owned(), ..Answer::status(200) });
        let more = json!({ "event_types": ["project.*"], "headers": { "X-Token": TOKEN } });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        assert_eq!(made.body["headers"], json!({ "X-Token": MASK }));
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(owner.get(&path).await.expect(200).body["headers"], json!({ "X-Token": MASK }));
        assert_eq!(sent(&app, &owner, &receiver, "x-token").await, TOKEN);
        settled(&app, &owner, made.id()).await;
        let texts = [
            owner.get(PATH).await.expect(200).text,
            owner.get("/api/v1/events?limit=100").await.expect(200).text,
            owner.get(&format!("{path}/attempts")).await.expect(200).text,
            kept(&app, made.id()),
            app.rows(&format!("SELECT metadata FROM audit_logs WHERE tenant_id = '{}'", owner.tenant())).concat().concat(),
        ];
        for text in texts {
            assert!(!text.contains(TOKEN), "{text}");
        }
        owner.delete(&path).await.expect(204);
        assert_eq!(kept(&app, made.id()), "{}", "a tombstone needs no credential");
    }

    /// A row of an earlier release is sent as it was, without the headers that are reserved by now,
    /// and then sealed.
    async fn rows_from_before_are_sealed(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint_with(&owner, &receiver, "/hooks", json!({ "event_types": ["project.*"] })).await;
        let plain = json!({ "X-Token": TOKEN, "X-Forwarded-For": "192.0.2.1" });
        app.execute(&format!("UPDATE webhook_endpoints SET headers = '{plain}' WHERE id = '{}'", made.id()));
        assert_eq!(sent(&app, &owner, &receiver, "x-token").await, TOKEN);
        settled(&app, &owner, made.id()).await;
        assert!(receiver.received("/hooks")[0].headers.get("x-forwarded-for").is_none());
        let sealed = kept(&app, made.id());
        assert!(sealed.contains("X-Token") && !sealed.contains(TOKEN), "{sealed}");
        let read = owner.get(&format!("{PATH}/{}", made.id())).await.expect(200);
        assert_eq!((&read.body["headers"]["X-Token"], &read.body["version"]), (&json!(MASK), &json!(1)));
        assert_eq!(sent(&app, &owner, &receiver, "x-token").await, TOKEN);
    }
}
