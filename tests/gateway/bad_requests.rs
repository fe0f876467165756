//! Malformed requests, from the path to the values in the body.

use http::Method;
use serde_json::json;

use crate::snapshot;

const PATH: &str = "/api/v1/projects";

transport! {
    /// An unknown path or version is a 404, with or without a credential.
    async fn unknown_paths(app) {
        let owner = app.owner().await;
        snapshot!("unknown_path", app.anon().get("/api/v1/nothing").await.refused(404, "route_not_found"));
        for path in ["/", "/api/v2/projects", "/api/v1/nothing/", "/v1/projects/a/b/c", "/.well-known/nothing", "/api/v1"] {
            owner.get(path).await.refused(404, "route_not_found");
        }
    }

    /// The answer to a wrong method tells which methods there are.
    async fn wrong_methods(app) {
        let refused = app.anon().delete(PATH).await.refused(405, "method_not_allowed");
        let mut allow: Vec<_> = refused.header("allow").unwrap().split(", ").collect();
        allow.sort_unstable();
        assert_eq!(allow, ["GET", "HEAD", "OPTIONS", "POST"]);
        let told = app.anon().send(Method::OPTIONS, PATH, &[], None).await.expect(204);
        assert_eq!(told.header("allow"), refused.header("allow"));
        app.anon().send(Method::OPTIONS, "/api/v1/nothing", &[], None).await.refused(404, "route_not_found");
        for method in ["TRACE", "PURGE", "PROPFIND"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            app.owner().await.send(method, PATH, &[], None).await.refused(501, "not_implemented");
        }
    }

    /// Bodies that are not JSON, of another media type, or too large are refused, and nothing is
    /// made.
    async fn bodies(app) {
        let owner = app.owner().await;
        let json_type = ("content-type", "application/json");
        let send = async |headers: &[(&str, &str)], body: &str| {
            owner.send(Method::POST, PATH, headers, Some(body.to_owned())).await
        };
        for body in ["", "{", "{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":}", "nope", "{} {}", "{\"name\": \"\\ud800\"}"] {
            send(&[json_type], body).await.refused(400, "malformed_request");
        }
        snapshot!("malformed_json", send(&[json_type], "{\"name\":").await.refused(400, "malformed_request"));
        for levels in [64, 5000] {
            let deep = format!("{{\"name\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
            send(&[json_type], &deep).await.refused(400, "malformed_request");
        }
        for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/json; charset=latin1")]] {
            send(headers, "{\"name\":\"a\"}").await.refused(415, "unsupported_media_type");
        }
        send(&[("content-type", "Application/JSON; charset=\"UTF-8\"")], "{\"name\":\"fits\"}").await.expect(201);
        let large = json!({ "name": "x".repeat(1 << 20) }).to_string();
        snapshot!("too_large", {
            let mut refused = send(&[json_type], &large).await.refused(413, "payload_too_large");
            refused.sent = None;
            refused
        });
        let list = owner.get(PATH).await.expect(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "{}", list.text);
    }

    /// A target that is too long is refused before anything else is checked.
    async fn long_targets(app) {
        app.owner().await.get(&format!("{PATH}?cursor={}", "x".repeat(9000))).await.refused(414, "uri_too_long");
    }

    /// A header section that is too large, by bytes or by fields, is refused as early.
    async fn large_headers(app) {
        let owner = app.owner().await;
        let large = "x".repeat(33 << 10);
        owner.send(Method::GET, PATH, &[("x-large", &large)], None).await.refused(431, "header_fields_too_large");
        let names: Vec<_> = (0..101).map(|number| format!("x-field-{number}")).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), "1")).collect();
        owner.send(Method::GET, PATH, &many, None).await.refused(431, "header_fields_too_large");
        owner.send(Method::GET, PATH, &many[..80], None).await.expect(200);
    }

    /// No value from a client causes a 5xx, and no answer tells internal errors.
    async fn hostile_values_are_never_a_5xx(app) {
        let (owner, mut answered) = (app.owner().await, 0);
        for value in ["%00", "'", "\"", "%F0%9F%92%A9", "-1", "null", "[]", "%0d%0aX-Evil:%201", "${jndi}", "<script>"] {
            for path in [format!("{PATH}/{value}"), format!("{PATH}?cursor={value}"), format!("{PATH}?limit={value}"), format!("/api/v1/events?type={value}")] {
                let answer = match owner.try_send(Method::GET, &path, &[], None).await {
                    // No client can send such a target.
                    Err(error) if error.is_builder() => continue,
                    answer => answer.unwrap(),
                };
                answered += 1;
                assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
                for inner in ["sqlite", "SELECT", "panicked", "wasm"] {
                    assert!(!answer.text.contains(inner), "{path}: {}", answer.text);
                }
            }
        }
        assert!(answered > 20, "{answered}");
    }
}
