//! Cross-origin requests.

use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/projects";

/// The names of the header parameters of a contract, in lower case.
fn declared(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) if object.get("in") == Some(&json!("header")) => {
            object["name"].as_str().map(str::to_lowercase).into_iter().collect()
        }
        // The providers of webhooks are servers, not pages.
        Value::Object(object) if object.get("x-limit-class") == Some(&json!("inbound")) => {
            Vec::new()
        }
        Value::Object(object) => object.values().flat_map(declared).collect(),
        Value::Array(list) => list.iter().flat_map(declared).collect(),
        _ => Vec::new(),
    }
}

transport! {
    /// A listed origin is allowed and is repeated in the answer. Another origin gets no CORS
    /// header.
    async fn only_listed_origins(app) {
        let anon = app.anon();
        let preflight = async |origin: &str| {
            let headers = [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
            anon.try_send(Method::OPTIONS, PATH, &headers, None).await.unwrap().expect(204)
        };
        let allowed = preflight("https://app.example.com").await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
        assert_eq!(allowed.header("access-control-max-age"), Some("86400"));
        assert!(allowed.header("access-control-allow-headers").unwrap().contains("Idempotency-Key"));
        assert!(allowed.header("vary").unwrap().contains("Origin"));
        for origin in ["https://evil.example", "https://app.example.com.evil.example", "null"] {
            assert_eq!(preflight(origin).await.header("access-control-allow-origin"), None, "{origin}");
        }
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        let admin = preflight("https://admin.example.com").await;
        assert_eq!(admin.header("access-control-allow-credentials"), Some("true"));
        // A page can read an error too.
        let refused = anon.send(Method::GET, PATH, &[("origin", "https://app.example.com")], None).await.expect(401);
        assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
    }

    /// A page may send every header that the contract declares, and the headers that tracing
    /// libraries add to its requests.
    async fn every_header_may_be_sent(app) {
        let anon = app.anon();
        let headers = [("origin", "https://app.example.com"), ("access-control-request-method", "GET")];
        let preflight = anon.try_send(Method::OPTIONS, PATH, &headers, None).await.unwrap().expect(204);
        let allowed = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
        let allowed: Vec<_> = allowed.split(", ").collect();
        let contract = anon.get("/api/v1/openapi.json").await.expect(200).body;
        let declared = declared(&contract);
        assert!(declared.len() > 8, "{declared:?}");
        let traced = ["authorization", "content-type", "b3", "traceparent", "tracestate", "baggage", "x-b3-traceid"];
        for name in declared.iter().map(String::as_str).chain(traced) {
            assert!(allowed.contains(&name), "{name}");
        }
    }

    /// A page can read every header of every answer (K-32), except those about CORS or the
    /// connection.
    async fn every_header_is_exposed(app) {
        let owner = app.owner().await;
        let origin = ("origin", "https://app.example.com");
        let key = ("idempotency-key", "cors");
        let json = ("content-type", "application/json");
        let body = r#"{"name":"a"}"#;
        let made = owner.send(Method::POST, PATH, &[origin, json, key], Some(body.into())).await.expect(201);
        let one = format!("{PATH}/{}", made.id());
        let mut answers = vec![made];
        for (method, path, header, body, status) in [
            (Method::POST, PATH.to_owned(), key, Some(body), 201),
            (Method::GET, format!("{PATH}?page=1&per_page=1"), json, None, 200),
            (Method::GET, one.clone(), json, None, 200),
            (Method::GET, one.clone(), ("if-none-match", "*"), None, 304),
            (Method::GET, one.clone(), ("accept", "application/vnd.api+json"), None, 200),
            (Method::GET, one.clone(), ("accept", "image/png"), None, 406),
            (Method::GET, format!("{PATH}/prj_none"), ("accept", "application/problem+json"), None, 404),
            (Method::GET, format!("{PATH}/prj_none"), ("authorization", "Bearer no"), None, 400),
            (Method::PATCH, one.clone(), ("if-match", "\"v9\""), Some(body), 412),
            (Method::PUT, one.clone(), json, Some(body), 428),
            (Method::PUT, PATH.to_owned(), json, Some(body), 405),
            (Method::POST, PATH.to_owned(), ("content-encoding", "gzip"), Some(body), 415),
            (Method::OPTIONS, one.clone(), json, None, 204),
            (Method::GET, "/projects".to_owned(), json, None, 308),
            (Method::GET, "/docs/errors".to_owned(), json, None, 200),
            (Method::GET, "/api/v1/openapi.json".to_owned(), json, None, 200),
            (Method::HEAD, "/api/v1/events/stream".to_owned(), json, None, 200),
            (Method::DELETE, one.clone(), json, None, 204),
            (Method::GET, one.clone(), json, None, 410),
        ] {
            let mut headers = vec![origin, header];
            if body.is_some() && header != json {
                headers.push(json);
            }
            let answer = owner.try_send(method, &path, &headers, body.map(str::to_owned)).await.unwrap();
            answers.push(answer.expect(status));
        }
        answers.push(app.anon().send(Method::GET, &one, &[origin], None).await.expect(401));
        for answer in answers {
            let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
            let exposed: Vec<_> = exposed.split(", ").collect();
            for name in answer.headers.keys().map(|name| name.as_str()) {
                let own = name.starts_with("access-control-") || matches!(name, "connection" | "transfer-encoding");
                assert!(own || exposed.contains(&name), "{} {}: {name}", answer.method, answer.path);
            }
        }
    }
}
