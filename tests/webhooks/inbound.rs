//! Inbound webhooks of providers, from the signature to the feed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::server::SCHEDULER;
use crate::support::{App, Client, Exchange};

pub const INTEGRATIONS: &str = "/api/v1/integrations";

/// A provider that the test plays: its secret, and how it signs.
pub struct Sender {
    pub provider: &'static str,
    pub integration: String,
    pub secret: String,
}

/// A signed request, which a test can alter before it is sent.
pub struct Signed {
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

pub fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Seconds since the Unix epoch.
pub fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

/// Connects a provider. The sender has the secret of the answer.
pub async fn connect(owner: &Client, provider: &'static str) -> Sender {
    let body = json!({ "provider": provider, "kind": "payment", "name": provider });
    let made = owner.post(INTEGRATIONS, &body).await.expect(201);
    let secret = made.body["secret"].as_str().unwrap().to_owned();
    Sender { provider, integration: made.id().to_owned(), secret }
}

impl Sender {
    pub fn path(&self) -> String {
        let slug = self.provider.to_lowercase();
        format!("{INTEGRATIONS}/webhooks/{slug}?integration={}", self.integration)
    }

    /// Signs as the documentation of the provider says, at this time.
    pub fn sign(&self, id: &str, at: i64) -> Signed {
        let body = json!({ "id": id, "event_id": id, "type": "payment.succeeded" }).to_string();
        let raw = self.secret.as_bytes();
        let decoded = STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap_or_default();
        let headers = match self.provider {
            "STRIPE" => {
                vec![(
                    "stripe-signature",
                    format!("t={at},v1={}", hex(&mac(raw, &format!("{at}.{body}")))),
                )]
            }
            "GITHUB" => vec![
                ("x-hub-signature-256", format!("sha256={}", hex(&mac(raw, &body)))),
                ("x-github-delivery", id.to_owned()),
                ("x-github-event", "payment.succeeded".to_owned()),
            ],
            "SLACK" => vec![
                ("x-slack-signature", format!("v0={}", hex(&mac(raw, &format!("v0:{at}:{body}"))))),
                ("x-slack-request-timestamp", at.to_string()),
            ],
            "STANDARD_WEBHOOKS" => {
                let signature = STANDARD.encode(mac(&decoded, &format!("{id}.{at}.{body}")));
                vec![
                    ("webhook-id", id.to_owned()),
                    ("webhook-timestamp", at.to_string()),
                    ("webhook-signature", format!("v1a,AAAA v1,{signature}")),
                ]
            }
            "TENANTRY" => {
                let signature = hex(&mac(&decoded, &format!("{at}.{body}")));
                vec![("x-signature-v2", format!("t={at},v1={signature}"))]
            }
            _ => vec![("x-signature", format!("sha256={}", hex(&mac(raw, &body))))],
        };
        Signed { path: self.path(), headers, body }
    }
}

impl Signed {
    pub async fn send(&self, app: &App) -> Exchange {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.headers.iter().map(|(name, value)| (*name, value.as_str())));
        app.anon().send(Method::POST, &self.path, &headers, Some(self.body.clone())).await
    }
}

/// The events of a tenant's webhooks in the feed, once there are this many.
pub async fn ingested(owner: &Client, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let page = owner.get("/api/v1/events?type=INGESTED&limit=100").await.expect(200);
        let items = page.body["items"].as_array().unwrap().clone();
        if items.len() >= count {
            assert_eq!(items.len(), count);
            return items;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{count} webhooks did not come into the feed");
}

/// The number of a tenant's webhooks that are stored.
pub fn stored(app: &App, owner: &Client) -> String {
    let sql = format!("SELECT COUNT(*) FROM inbound_events WHERE tenant_id = '{}'", owner.tenant());
    app.rows(&sql)[0][0].clone()
}

/// The reasons of refusals in the audit log, once they are written.
pub async fn reasons(app: &App, owner: &Client) -> Vec<Value> {
    super::tick::tick(&app.anon(), SCHEDULER).await.expect(200);
    let rows = app.rows(&format!(
        "SELECT metadata FROM audit_logs WHERE tenant_id = '{}' \
         AND action_type = 'webhook.rejected'",
        owner.tenant()
    ));
    rows.iter().map(|row| serde_json::from_str(&row[0]).unwrap()).collect()
}

const PROVIDERS: [&str; 6] =
    ["STRIPE", "GITHUB", "SLACK", "STANDARD_WEBHOOKS", "TENANTRY", "HMAC_SHA256"];

everywhere! {
    /// A signed webhook of each provider is accepted once. Its event names the provider as its
    /// source, and no other tenant sees it.
    async fn each_provider_is_understood(app) {
        for provider in PROVIDERS {
            let (owner, other) = (app.owner().await, app.owner().await);
            let sender = connect(&owner, provider).await;
            let signed = sender.sign("evt_123", now());
            assert_eq!(signed.send(&app).await.expect(202).body, json!({ "status": "ACCEPTED" }));
            assert_eq!(signed.send(&app).await.expect(200).body, json!({ "status": "DUPLICATE" }));
            let events = ingested(&owner, 1).await;
            assert_eq!(signed.send(&app).await.expect(200).body, json!({ "status": "DUPLICATE" }));
            assert_eq!(events[0]["source_agent"], provider.to_lowercase());
            assert_eq!((&events[0]["log_code"], &events[0]["subject"]), (&json!("INGESTED"), &json!(sender.integration)));
            let data = &events[0]["data"];
            assert_eq!(data["payload"].to_string(), signed.body.parse::<Value>().unwrap().to_string());
            assert_eq!(
                [&data["external_id"], &data["external_type"], &data["kind"], &data["provider"]],
                [&json!("evt_123"), &json!("payment.succeeded"), &json!("payment"), &json!(provider.to_lowercase())]
            );
            assert!(ingested(&other, 0).await.is_empty());
            let source = format!("/api/v1/events?source_agent={}", provider.to_lowercase());
            assert_eq!(owner.get(&source).await.expect(200).body["items"].as_array().unwrap().len(), 1);
            assert_eq!(stored(&app, &owner), "1");
        }
    }

    /// Every faulty request gets the same answer. It leaves only an audit entry for each reason,
    /// without anything from the request.
    async fn what_is_wrong_leaves_nothing(app) {
        for provider in PROVIDERS {
            let owner = app.owner().await;
            let sender = connect(&owner, provider).await;
            let dated = !matches!(provider, "GITHUB" | "HMAC_SHA256");
            let good = || sender.sign("evt_of_nobody", now());
            let mut cases = Vec::new();
            let stranger = Sender { secret: format!("whsec_{}", STANDARD.encode([7; 32])), integration: sender.integration.clone(), ..sender };
            cases.push((stranger.sign("evt_of_nobody", now()), "SIGNATURE_MISMATCH"));
            cases.push((Signed { body: good().body.replace("payment", "refund"), ..good() }, "SIGNATURE_MISMATCH"));
            cases.push((Signed { headers: Vec::new(), ..good() }, "SIGNATURE_MISSING"));
            if dated {
                cases.push((sender.sign("evt_of_nobody", now() - 310), "TIMESTAMP_OUT_OF_RANGE"));
                cases.push((sender.sign("evt_of_nobody", now() + 310), "TIMESTAMP_OUT_OF_RANGE"));
            }
            let elsewhere = good().path.replace(&provider.to_lowercase(), "another");
            cases.push((Signed { path: elsewhere, ..good() }, "MISDIRECTED"));
            let absent = Signed { path: good().path.replace(&sender.integration, "int_none"), ..good() };
            let same = |answer: &Exchange| {
                let trace = answer.body["trace_id"].as_str().unwrap();
                (answer.status, answer.text.replace(trace, "[trace]"))
            };
            let expected = same(&absent.send(&app).await.refused(401, "authentication_required"));
            for (signed, reason) in &cases {
                assert_eq!(same(&signed.send(&app).await), expected, "{provider} {reason}");
            }
            let mut found: Vec<String> = Vec::new();
            for told in reasons(&app, &owner).await {
                assert_eq!(told["provider"], provider.to_lowercase());
                assert!(told["count"].as_i64().is_some_and(|count| count > 0) && told.as_object().unwrap().len() == 3, "{told}");
                found.push(told["reason"].as_str().unwrap().to_owned());
            }
            let mut wanted: Vec<&str> = cases.iter().map(|(_, reason)| *reason).collect();
            found.sort();
            wanted.sort_unstable();
            wanted.dedup();
            found.dedup();
            assert_eq!(found, wanted, "{provider}");
            assert_eq!(stored(&app, &owner), "0");
            assert!(ingested(&owner, 0).await.is_empty());
            let health = owner.get(&format!("{INTEGRATIONS}/{}/health", sender.integration)).await.expect(200);
            assert_eq!((&health.body["status"], &health.body["rejected"]), (&json!("FAILING"), &json!(cases.len())));
            assert_eq!(health.body["last_rejection"], "MISDIRECTED");
            good().send(&app).await.expect(202);
        }
    }
}

logic! {
    /// One valid signature among several is enough. A provider sends several while it changes its
    /// secret.
    async fn one_of_several_signatures_is_enough(app) {
        let owner = app.owner().await;
        for (provider, name) in [("STRIPE", "stripe-signature"), ("STANDARD_WEBHOOKS", "webhook-signature")] {
            let sender = connect(&owner, provider).await;
            let mut signed = sender.sign(provider, now());
            let header = signed.headers.iter_mut().find(|(known, _)| *known == name).unwrap();
            header.1 = match provider {
                "STRIPE" => header.1.replace(",v1=", &format!(",v1={},v1=", "0".repeat(64))),
                _ => format!("v1,{} {}", STANDARD.encode([0; 32]), header.1),
            };
            signed.send(&app).await.expect(202);
        }
        ingested(&owner, 2).await;
    }

    /// Slack asks whether the URL is ours. A request without the secret learns nothing.
    async fn slack_asks_for_its_challenge(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "SLACK").await;
        let body = json!({ "type": "url_verification", "challenge": "abc" }).to_string();
        let at = now();
        let signature = hex(&mac(sender.secret.as_bytes(), &format!("v0:{at}:{body}")));
        let mut signed = sender.sign("x", at);
        signed.body = body;
        signed.send(&app).await.refused(401, "authentication_required");
        signed.headers[0].1 = format!("v0={signature}");
        assert_eq!(signed.send(&app).await.expect(200).body, json!({ "challenge": "abc" }));
        assert_eq!(stored(&app, &owner), "0");
    }

    /// The signature of a form covers the form as it was sent, and the event has the form as text.
    async fn forms_are_taken_as_text(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "SLACK").await;
        let (at, body) = (now(), "payload=%7B%22type%22%3A%22block_actions%22%7D&x=%C3%A4+b");
        let signature = hex(&mac(sender.secret.as_bytes(), &format!("v0:{at}:{body}")));
        let (at, signature) = (at.to_string(), format!("v0={signature}"));
        let headers = [("x-slack-request-timestamp", at.as_str()), ("x-slack-signature", signature.as_str())];
        app.anon().form(&sender.path(), body, &headers).await.expect(202);
        let events = ingested(&owner, 1).await;
        assert_eq!(events[0]["data"]["payload"], json!({ "raw": body }));
        // A webhook without an id is identified by the hash of its body.
        assert!(events[0]["data"]["external_id"].as_str().unwrap().starts_with("sha256:"));
        app.anon().form(&sender.path(), body, &headers).await.expect(200);
    }
}

transport! {
    /// A body that is too large is refused before anything else is checked.
    async fn large_ones_are_refused(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let body = json!({ "id": "x".repeat(262_144) }).to_string();
        let headers = vec![("x-signature", format!("sha256={}", hex(&mac(sender.secret.as_bytes(), &body))))];
        let signed = Signed { path: sender.path(), headers, body };
        signed.send(&app).await.refused(413, "payload_too_large");
        assert_eq!(stored(&app, &owner), "0");
    }
}
