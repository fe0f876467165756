//! Fields that may appear only once in a request (RFC 9110 section 5.3).

use http::Method;
use serde_json::json;

const PATH: &str = "/api/v1/projects";

transport! {
    /// If a field that is not a list appears twice, then two readers could take two different
    /// values. The request is refused, and nothing happens.
    async fn a_field_that_is_no_list_is_sent_once(app) {
        let owner = app.owner().await;
        let token = format!("Bearer {}", owner.token());
        for (name, value) in [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
            ("x-tenant-id", owner.tenant()),
            ("idempotency-key", "k"),
            ("accept-version", "1"),
            ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("x-request-id", "r"),
            ("x-correlation-id", "c"),
            ("last-event-id", "e"),
            ("origin", "https://app.example.com"),
            ("user-agent", "a"),
        ] {
            // The client adds its own token.
            let mut headers = vec![(name, value), (name, value)];
            if name != "content-type" {
                headers.push(("content-type", "application/json"));
            }
            let body = json!({ "name": "twice" }).to_string();
            let refused = owner.send(Method::POST, PATH, &headers, Some(body)).await.refused(400, "malformed_request");
            assert!(refused.body["message"].as_str().unwrap().contains(name), "{}", refused.text);
        }
        let form = [("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic YTpi"), ("authorization", "Basic YTpj")];
        let form = app.anon().send(Method::POST, "/api/v1/auth/token", &form, Some("grant_type=client_credentials".into())).await;
        form.refused(400, "malformed_request");
        // A field that only the contract of this operation declares.
        let signed = [("stripe-signature", "s"), ("stripe-signature", "s")];
        let path = "/api/v1/integrations/webhooks/stripe?integration=int_none";
        let signed = app.anon().send(Method::POST, path, &signed, Some("{}".into())).await;
        let signed = signed.refused(400, "malformed_request");
        assert!(signed.body["message"].as_str().unwrap().contains("stripe-signature"));
        assert_eq!(owner.get(PATH).await.expect(200).body["items"], json!([]));
    }

    /// A field that is a list may be spread over several lines.
    async fn lists_may_have_several_lines(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", owner.post(PATH, &json!({ "name": "a" })).await.expect(201).id());
        let lines = [("if-none-match", "\"v9\""), ("if-none-match", "\"v1-native\"")];
        owner.send(Method::GET, &path, &lines, None).await.expect(304);
        let lines = [("if-match", "\"v9\""), ("if-match", "\"v1\"")];
        owner.json(Method::PATCH, &path, &json!({ "name": "b" }), &lines).await.expect(200);
        let lines = [("accept", "image/png"), ("accept", "application/vnd.api+json")];
        let answer = owner.send(Method::GET, &path, &lines, None).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/vnd.api+json"));
    }

    /// A body with a content coding is refused. A body in UTF-8 is accepted, however its charset is
    /// spelled.
    async fn codings_of_bodies(app) {
        let owner = app.owner().await;
        let body = || Some(json!({ "name": "plain" }).to_string());
        for coding in ["gzip", "br", "identity, gzip", "GZIP", "x"] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let refused = owner.send(Method::POST, PATH, &headers, body()).await.refused(415, "unsupported_media_type");
            assert_eq!(refused.header("accept-encoding"), Some("identity"), "{coding}");
        }
        let refused = owner.send(Method::POST, PATH, &[("content-type", "text/plain")], body()).await.expect(415);
        assert_eq!((refused.header("accept"), refused.header("accept-encoding")), (Some("application/json"), None));
        assert_eq!(owner.get(PATH).await.expect(200).body["items"], json!([]));
        for media_type in ["application/json; charset=utf8", "application/json;charset=\"UTF-8\"", "APPLICATION/JSON; Charset=UTF8"] {
            let headers = [("content-type", media_type), ("content-encoding", "identity")];
            owner.send(Method::POST, PATH, &headers, body()).await.expect(201);
        }
    }
}
