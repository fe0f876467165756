//! Bodies of webhooks are stored as they come: first the signature is verified, over the bytes.

use http::Method;
use serde_json::json;

use super::inbound::{INTEGRATIONS, Sender, connect, hex, ingested, mac, now, stored};
use crate::support::{App, Client, Exchange};

const FORM: &str = "application/x-www-form-urlencoded";

/// Sends a body with a signature over its bytes.
async fn send(app: &App, sender: &Sender, content_type: Option<&str>, body: &str) -> Exchange {
    let signature = format!("sha256={}", hex(&mac(sender.secret.as_bytes(), body)));
    let name = if sender.provider == "GITHUB" { "x-hub-signature-256" } else { "x-signature" };
    let mut headers = vec![(name, signature.as_str())];
    headers.extend(content_type.map(|it| ("content-type", it)));
    app.anon().send(Method::POST, &sender.path(), &headers, Some(body.to_owned())).await
}

/// An integration with a secret that the provider has made.
async fn with_secret(owner: &Client, provider: &'static str, secret: &str) -> Sender {
    let body = json!({ "provider": provider, "kind": "payment", "name": "x", "secret": secret });
    let made = owner.post(INTEGRATIONS, &body).await.expect(201);
    Sender { provider, integration: made.id().to_owned(), secret: secret.to_owned() }
}

logic! {
    /// If a genuine body cannot be read safely, it is stored as it came, and its event is marked as
    /// unreadable. A sender without a valid signature learns nothing about the form of its body.
    async fn what_cannot_be_read_is_kept(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let bodies = [
            "{\"id\":\"a\",\"text\":\"\\ud800\"}".to_owned(),
            "{\"id\":\"b\",\"id\":\"c\"}".to_owned(),
            format!("{}1{}", "[".repeat(65), "]".repeat(65)),
            "{\"id\":1e999}".to_owned(),
            "{\"id\":".to_owned(),
        ];
        for body in &bodies {
            send(&app, &sender, Some("application/json"), body).await.expect(202);
            send(&app, &sender, Some("application/json"), body).await.expect(200);
            let unsigned = [("content-type", "application/json"), ("x-signature", "sha256=00")];
            let refused = app.anon().send(Method::POST, &sender.path(), &unsigned, Some(body.clone())).await;
            refused.refused(401, "authentication_required");
        }
        let events = ingested(&owner, bodies.len()).await;
        for (event, body) in events.iter().zip(&bodies) {
            let data = &event["data"];
            assert_eq!((&data["unreadable"], &data["payload"]), (&json!(true), &json!({ "raw": body })));
            assert!(data["external_id"].as_str().unwrap().starts_with("sha256:"));
        }
        // These bytes are not UTF-8 text.
        let body = b"{\"a\":\"\xff\"}".to_vec();
        let signature = {
            use hmac::{Hmac, KeyInit as _, Mac as _};
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(sender.secret.as_bytes()).unwrap();
            mac.update(&body);
            hex(&mac.finalize().into_bytes())
        };
        let request = reqwest::Client::new().post(format!("{}{}", app.base, sender.path()));
        let request = request.header("content-type", "application/json").header("x-signature", format!("sha256={signature}"));
        assert_eq!(request.body(body).send().await.unwrap().status(), 202);
        let events = ingested(&owner, bodies.len() + 1).await;
        assert_eq!(events[bodies.len()]["data"]["payload"], json!({ "raw_base64": "eyJhIjoi/yJ9" }));
    }

    /// Any media type is accepted, JSON of any media type is parsed, and a byte order mark is not
    /// part of it.
    async fn any_type_is_taken(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        for (content_type, body, payload) in [
            (Some("application/cloudevents+json; charset=utf-8"), "{\"specversion\":\"1.0\",\"id\":\"1\"}", json!({ "specversion": "1.0", "id": "1" })),
            (Some("application/cloudevents-batch+json"), "[{\"id\":\"2\"}]", json!([{ "id": "2" }])),
            (Some("application/vnd.acme.v1+json"), "\n{\"id\":\"3\"}\r\n", json!({ "id": "3" })),
            (Some("application/json"), "\u{feff}{\"id\":\"4\",\n\"n\":1}", json!({ "id": "4", "n": 1 })),
            (None, "{\"id\":\"5\"}", json!({ "id": "5" })),
            (Some("application/xml"), "<a/>", json!({ "raw": "<a/>" })),
            (Some("text/plain"), "paid", json!({ "raw": "paid" })),
            (Some("no type"), "x", json!({ "raw": "x" })),
        ] {
            send(&app, &sender, content_type, body).await.expect(202);
            let count: usize = stored(&app, &owner).parse().unwrap();
            let events = ingested(&owner, count).await;
            let data = &events[count - 1]["data"];
            assert_eq!((&data["payload"], &data["unreadable"]), (&payload, &json!(false)), "{content_type:?}");
        }
    }

    /// The other format of GitHub is a form that contains the JSON. The signature covers the form
    /// as it was sent.
    async fn forms_of_github_are_decoded(app) {
        let owner = app.owner().await;
        let sender = with_secret(&owner, "GITHUB", "It's a Secret to Everybody — 秘密").await;
        let form = "payload=%7B%22action%22%3A%22opened%22%2C%22number%22%3A7%2C%22title%22%3A%22a%2Bb+c%22%7D";
        send(&app, &sender, Some(FORM), form).await.expect(202);
        let decoded = "{\"action\":\"opened\"}";
        let signature = format!("sha256={}", hex(&mac(sender.secret.as_bytes(), decoded)));
        let body = "payload=%7B%22action%22%3A%22opened%22%7D";
        app.anon().form(&sender.path(), body, &[("x-hub-signature-256", &signature)]).await.refused(401, "authentication_required");
        let events = ingested(&owner, 1).await;
        assert_eq!(events[0]["data"]["payload"], json!({ "action": "opened", "number": 7, "title": "a+b c" }));
    }

    /// Supabase shows its secret with the version in front, and Svix has header names of its own.
    async fn secrets_and_headers_of_providers(app) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let owner = app.owner().await;
        let key = STANDARD.encode([9; 32]);
        let sender = with_secret(&owner, "STANDARD_WEBHOOKS", &format!("v1,whsec_{key}")).await;
        let (at, body) = (now().to_string(), "{\"type\":\"user.created\"}");
        let signature = format!("v1,{}", STANDARD.encode(mac(&[9; 32], &format!("msg_1.{at}.{body}"))));
        let headers = [("content-type", "application/json"), ("svix-id", "msg_1"), ("svix-timestamp", &*at), ("svix-signature", &*signature)];
        let ask = async |headers: &[(&str, &str)]| {
            app.anon().send(Method::POST, &sender.path(), headers, Some(body.to_owned())).await
        };
        ask(&headers).await.expect(202);
        // The same webhook under another header name, which is not signed, is a duplicate.
        ask(&[&headers[..], &[("webhook-id", "msg_2")]].concat()).await.expect(200);
        let stripe = with_secret(&owner, "STRIPE", &format!("whsec_{key}")).await;
        stripe.sign("evt_1", now()).send(&app).await.expect(202);
        ingested(&owner, 2).await;
    }
}

everywhere! {
    /// A body of the size that the guide names is accepted and comes back whole. Pages with such
    /// events have fewer of them, and the cursor goes on with the next event.
    async fn large_ones_are_taken(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        for number in 0..20 {
            let start = format!("{{\"id\":\"{number}\",\"text\":\"");
            let body = format!("{start}{}\"}}", "x".repeat(262_144 - start.len() - 2));
            send(&app, &sender, Some("application/json"), &body).await.expect(202);
        }
        crate::webhooks::tick(&app).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/events?type=INGESTED&limit=100{cursor}");
            let page = owner.get(&path).await.expect(200);
            let items = page.body["items"].as_array().unwrap();
            assert!(page.text.len() < 5 << 20, "{}", page.text.len());
            if items.is_empty() {
                break;
            }
            seen.extend(items.iter().map(|event| event["data"]["external_id"].as_str().unwrap().to_owned()));
            assert!(items.iter().all(|event| event["data"]["payload"]["text"].as_str().unwrap().len() > 262_000));
            cursor = format!("&cursor={}", page.body["next_cursor"].as_str().unwrap());
        }
        let all: Vec<String> = (0..20).map(|number: u32| number.to_string()).collect();
        assert_eq!(seen, all);
    }
}
