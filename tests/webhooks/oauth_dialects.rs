//! OAuth 2.0 in the dialects of real providers (RFC 6749 sections 4.1.2, 5.1 and 5.2).

use std::sync::Arc;

use host::Server;
use http::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::inbound::{self, INTEGRATIONS};
use super::oauth::CONNECTED;
use crate::support::receiver::{Answer, Receiver};
use crate::support::{Client, Exchange, Placement, dedicated};

logic! {
    redirects_are_read(placement) grants_are_read(placement) refusals_are_refusals(placement)
    codes_that_are_not_spent_stay(placement)
}

/// A provider whose token endpoint gives the answer that the test has set.
struct ScriptedProvider {
    receiver: Receiver,
    next: Arc<Mutex<(u16, String)>>,
    owner: Client,
    server: Server,
    _directory: tempfile::TempDir,
}

impl ScriptedProvider {
    async fn start(placement: Placement) -> Self {
        let receiver = Receiver::start().await;
        let next = Arc::<Mutex<(u16, String)>>::default();
        let told = next.clone();
        receiver.script("/token", move |_, _| {
            let (status, body) = told.lock().clone();
            let headers = vec![("content-type", "application/json".to_owned())];
            Answer { headers, body, ..Answer::status(status) }
        });
        let provider = |base: &str| {
            json!({
                "authorization_endpoint": format!("{base}/auth"),
                "token_endpoint": format!("{base}/token"),
                "client_id": "x",
                "client_secret": "y",
                "issuer": "https://issuer.example",
                "redirect_uris": [CONNECTED],
            })
        };
        // Nobody listens on this port.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let variable = json!({ "github": provider(&receiver.base), "gone": provider(&format!("http://{gone}")) });
        let variables = [("oauth_providers", &*variable.to_string())];
        let (app, server, _directory) = dedicated(placement, &variables).await;
        let owner = app.owner().await;
        Self { receiver, next, owner, server, _directory }
    }

    fn answer(&self, status: u16, body: &str) {
        *self.next.lock() = (status, body.to_owned());
    }

    /// Makes an integration and begins an authorization. Returns the path of the integration and
    /// the state.
    async fn begin(&self, provider: &str) -> (String, Value) {
        let integration = inbound::connect(&self.owner, "GITHUB").await.integration;
        let path = format!("{INTEGRATIONS}/{integration}");
        let wanted = json!({ "provider": provider, "scope": "b a b" });
        let begun = self.owner.post(&format!("{path}/authorize"), &wanted).await.expect(200);
        let url = begun.body["authorization_url"].as_str().unwrap();
        assert!(url.contains("scope=b+a&") || url.ends_with("scope=b+a"), "each scope once: {url}");
        (path, begun.body["state"].clone())
    }

    async fn connect(&self, path: &str, brought: Value) -> Exchange {
        self.owner.post(&format!("{path}/connect"), &brought).await
    }

    async fn token(&self, path: &str) -> Exchange {
        self.owner.send(Method::POST, &format!("{path}/token"), &[], None).await
    }

    async fn connection(&self, path: &str) -> Value {
        self.owner.get(&format!("{path}/health")).await.expect(200).body["connection"].clone()
    }

    async fn end(self) {
        self.server.shutdown().await.unwrap();
    }
}

/// Unknown parameters of the redirect are ignored, and an empty one counts as absent.
async fn redirects_are_read(placement: Placement) {
    let told = ScriptedProvider::start(placement).await;
    told.answer(200, r#"{"access_token":"a"}"#);
    for more in [
        json!({ "scope": "email profile", "authuser": "0", "prompt": "none", "hd": "example.com" }),
        json!({ "session_state": "x", "client_info": "y", "error": "", "error_description": null }),
        json!({ "iss": "https://issuer.example", "scope": ["a", "b"], "user": { "name": { "x": 1 } } }),
        json!({ "iss": "", "realmId": 7, "error": null }),
        json!({ "error_description": "a\u{1b}[0m\u{0}", "x\u{7}": ["\r", { "\u{0}": "\u{85}" }] }),
    ] {
        let (path, state) = told.begin("github").await;
        let mut brought = more.clone();
        brought["state"] = state;
        brought["code"] = "c".into();
        told.connect(&path, brought).await.expect(200);
    }
    // The error of a provider keeps its meaning, whatever other parameters come with it.
    for (more, error) in [
        (
            json!({ "error": "access_denied", "error_description": "d".repeat(4000), "error_uri": "https://e.example/1" }),
            "access_denied",
        ),
        (json!({ "error": "server_error", "code": "c" }), "server_error"),
        (json!({ "code": "" }), "invalid_request"),
    ] {
        let (path, state) = told.begin("github").await;
        let mut brought = more.clone();
        brought["state"] = state;
        let refused = told.connect(&path, brought).await.refused(409, "conflict");
        assert_eq!(refused.detail("oauth_error"), error);
        assert_eq!(told.connection(&path).await, Value::Null);
    }
    let (path, state) = told.begin("github").await;
    let mixed_up = json!({ "state": state, "code": "c", "iss": "https://other.example", "x": 1 });
    told.connect(&path, mixed_up).await.refused(409, "conflict");
    told.end().await;
}

/// A grant is understood in each spelling that token endpoints use.
async fn grants_are_read(placement: Placement) {
    let told = ScriptedProvider::start(placement).await;
    for (body, token_type, scope, ends) in [
        (
            r#"{"access_token":"a","token_type":"bearer","expires_in":"3600","scope":["x","y","x"]}"#,
            "Bearer",
            json!("x y"),
            true,
        ),
        (r#"{"access_token":"a","expires_in":3599.5,"scope":"x x"}"#, "Bearer", json!("x"), true),
        (
            r#"{"access_token":"a","token_type":"BEARER","expires_in":1e400,"id":"\ud800"}"#,
            "Bearer",
            Value::Null,
            true,
        ),
        (
            r#"{"access_token":"a","token_type":"DPoP","expires_in":99999999999999999999}"#,
            "DPoP",
            Value::Null,
            true,
        ),
        (
            r#"{"access_token":"a","token_type":null,"expires_in":-1,"scope":null}"#,
            "Bearer",
            Value::Null,
            false,
        ),
        ("access_token=a&scope=x%2Cy&token_type=bearer", "Bearer", json!("x,y"), false),
    ] {
        told.answer(200, body);
        let (path, state) = told.begin("github").await;
        told.connect(&path, json!({ "state": state, "code": "c" })).await.expect(200);
        let token = told.token(&path).await.expect(200);
        assert_eq!(
            [&token.body["access_token"], &token.body["token_type"], &token.body["scope"]],
            [&json!("a"), &json!(token_type), &scope],
            "{body}"
        );
        assert_eq!(token.body["expires_at"].is_string(), ends, "{body}");
    }
    let asked = told.receiver.received("/token").remove(0);
    assert_eq!(
        (asked.header("accept"), asked.header("authorization")),
        ("application/json", "Basic eDp5")
    );
    told.end().await;
}

/// An error counts as an error whatever the status is. A code that may be spent is not sent again.
async fn refusals_are_refusals(placement: Placement) {
    let told = ScriptedProvider::start(placement).await;
    for (status, body, error) in [
        (
            200,
            r#"{"error":"bad_verification_code","error_description":"x"}"#,
            Some("bad_verification_code"),
        ),
        (200, "error=bad_verification_code", Some("bad_verification_code")),
        (200, r#"{"ok":false,"error":"invalid_code"}"#, Some("invalid_code")),
        (400, r#"{"error":{"type":"OAuthException","code":190}}"#, Some("OAuthException")),
        (200, "<html>Sign in</html>", None),
        (500, "", None),
        (302, r#"{"access_token":"a"}"#, None),
    ] {
        told.answer(status, body);
        let (path, state) = told.begin("github").await;
        let brought = json!({ "state": state, "code": "c" });
        let refused = told.connect(&path, brought.clone()).await.refused(409, "conflict");
        assert!(refused.header("retry-after").is_none());
        let said = refused.body["details"]["oauth_error"].as_str();
        assert_eq!(said, error, "{body}");
        assert_eq!(told.connection(&path).await, Value::Null);
        told.connect(&path, brought).await.refused(409, "conflict");
    }
    // A refresh that is refused for good ends the connection, once. Other refusals leave the
    // connection.
    let granted = r#"{"access_token":"a","expires_in":1,"refresh_token":"r"}"#;
    for (body, status, kept, last_error) in [
        (
            r#"{"error":"incorrect_client_credentials"}"#,
            503,
            "CONNECTED",
            "incorrect_client_credentials",
        ),
        ("<html>", 503, "CONNECTED", "unreadable"),
        (r#"{"error":"bad_refresh_token"}"#, 409, "EXPIRED", "bad_refresh_token"),
        ("error=invalid_grant", 409, "EXPIRED", "invalid_grant"),
    ] {
        told.answer(200, granted);
        let (path, state) = told.begin("github").await;
        told.connect(&path, json!({ "state": state, "code": "c" })).await.expect(200);
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        told.answer(200, body);
        for _ in 0..2 {
            assert_eq!(told.token(&path).await.status, status, "{body}");
        }
        let connection = told.connection(&path).await;
        assert_eq!(
            (&connection["status"], &connection["last_error"]),
            (&json!(kept), &json!(last_error)),
            "{body}"
        );
    }
    assert_eq!(super::events(&told.owner, "integration.expired").await.len(), 2);
    told.end().await;
}

/// If the provider was not reached, or asks to be called later, then the code is not spent. The
/// same code may be sent again until the state expires.
async fn codes_that_are_not_spent_stay(placement: Placement) {
    let told = ScriptedProvider::start(placement).await;
    told.answer(429, "slow down");
    let (path, state) = told.begin("github").await;
    let brought = json!({ "state": state, "code": "c" });
    let busy = told.connect(&path, brought.clone()).await.refused(503, "service_unavailable");
    assert!(busy.header("retry-after").is_some());
    told.answer(400, r#"{"error":"temporarily_unavailable"}"#);
    told.connect(&path, brought.clone()).await.refused(503, "service_unavailable");
    told.answer(200, r#"{"access_token":"a"}"#);
    told.connect(&path, brought.clone()).await.expect(200);
    told.connect(&path, brought).await.refused(409, "conflict");

    let (path, state) = told.begin("gone").await;
    let brought = json!({ "state": state, "code": "c" });
    for _ in 0..2 {
        told.connect(&path, brought.clone()).await.refused(503, "service_unavailable");
    }
    assert_eq!(told.connection(&path).await, Value::Null);
    told.end().await;
}
