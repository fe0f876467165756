//! The feed has the JSON that the provider wrote.

use http::Method;

use super::inbound::{connect, hex, ingested, mac};

storage! {
    /// Numbers keep their digits, and a body of several lines becomes one line of a stream.
    async fn numbers_stay_as_they_were_written(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "HMAC_SHA256").await;
        let body = "{\r\n  \"amount\": 1e2,\n  \"id\": 12345678901234567890123, \"zero\": -0, \"rate\": 1.0\n}";
        let signature = format!("sha256={}", hex(&mac(sender.secret.as_bytes(), body)));
        let headers = [("content-type", "application/json"), ("x-signature", signature.as_str())];
        let path = format!("/api/v1/webhooks/payment?integration={}", sender.integration);
        app.anon().send(Method::POST, &path, &headers, Some(body.to_owned())).await.expect(202);
        ingested(&owner, 1).await;
        for accept in ["application/json", "application/json;profile=camel", "application/json;profile=envelope", "application/vnd.api+json", "application/cloudevents-batch+json"] {
            let page = "/api/v1/events?type=record.ingested";
            let read = owner.send(Method::GET, page, &[("accept", accept)], None).await.expect(200);
            for text in ["1e2", "12345678901234567890123", "-0", "1.0"] {
                assert!(read.text.contains(&format!(" {text}")), "{accept}: {}", read.text);
            }
        }
        let stream = owner.get("/api/v1/events/stream?type=record.ingested&from=beginning").await;
        let line = stream.text.lines().find(|line| line.contains("12345678901234567890123"));
        assert!(line.is_some_and(|line| line.starts_with("data:") && line.ends_with('}')), "{}", stream.text);
    }
}
