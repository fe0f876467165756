//! The access log.

use http::Method;
use serde_json::{Value, json};

transport! {
    /// A request makes one log line, with the attributes of a span and the trace of its
    /// headers.
    async fn one_line_for_a_request(app) {
        let owner = app.owner().await;
        let trace = "4bf92f3577b34da6a3ce929d0e0e4700";
        owner.send(Method::GET, "/api/v1/projects", &[("x-b3-traceid", trace), ("x-request-id", "req-log")], None).await.expect(200);
        let find = || app.log.lock().iter().filter(|line| line.contains(trace)).cloned().collect::<Vec<_>>();
        let lines = find();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["api.operation_id"], "list-projects");
        assert_eq!(line["api.version"], "1.0.0");
        assert_eq!(line["http.status_code"], 200);
        assert_eq!(line["request_id"], "req-log");
        assert!(line["latency_ms"].is_u64());
        assert_eq!(line["user.hash"].as_str().unwrap().len(), 16);
    }

    /// Neither secrets nor personal data of a request reach the log.
    async fn no_secrets_and_no_personal_data(app) {
        let email = format!("planted-{}@example.com", app.owner().await.tenant());
        let body = json!({ "email": email, "password": "planted umbrella gramophone quilt", "tenant_name": "Planted Ltd" });
        let session = app.anon().post("/api/v1/auth/register", &body).await.expect(201);
        app.anon().post("/api/v1/auth/login", &json!({ "email": email, "password": "planted umbrella gramophone quilt" })).await.expect(200);
        app.anon().post("/api/v1/auth/login", &json!({ "email": email, "password": "planted wrong gramophone quilt" })).await.expect(401);
        let owner = app.anon().with_token(session.body["access_token"].as_str().unwrap());
        owner.post("/api/v1/projects", &json!({ "name": "planted name" })).await.expect(201);
        owner.get("/api/v1/projects?cursor=planted-cursor").await.expect(400);
        let log = app.log.lock().join("\n");
        for secret in ["planted", session.body["access_token"].as_str().unwrap(), session.body["refresh_token"].as_str().unwrap()] {
            assert!(!log.contains(secret), "the log holds {secret}");
        }
    }

    /// No planted value reaches the log, wherever a client puts it: path, query, any header, any
    /// credential, any body, and methods and paths that do not exist.
    async fn nothing_planted(app) {
        let owner = app.owner().await;
        let planted = "Planted-s3cret@example.com";
        let names = [
            "x-api-key", "cookie", "user-agent", "referer", "origin", "x-request-id",
            "x-correlation-id", "traceparent", "b3", "x-b3-traceid", "x-b3-spanid", "x-tenant-id",
            "idempotency-key", "if-match", "if-none-match", "accept-version", "x-forwarded-for",
            "x-real-ip", "x-anything", "spin-client-addr", "accept-language",
        ];
        let known = [("content-type", "application/json")];
        let body = || Some(json!({ "name": planted, "password": planted, "token": planted, "refresh_token": planted }).to_string());
        for name in names {
            let mut headers = known.to_vec();
            headers.push((name, planted));
            for method in [Method::GET, Method::POST] {
                let sent = (method == Method::POST).then(body).flatten();
                let _ = owner.try_send(method, "/api/v1/projects", &headers, sent).await.unwrap();
            }
        }
        for credential in ["Bearer", "Basic", "ApiKey", ""] {
            let value = format!("{credential} {planted}");
            let _ = app.anon().try_send(Method::GET, "/api/v1/projects", &[("authorization", &value)], None).await.unwrap();
            let _ = app.anon().try_send(Method::POST, "/api/v1/auth/token", &[("authorization", &value), known[0]], body()).await.unwrap();
        }
        for path in [
            "/api/v1/projects/Planted-s3cret@example.com", "/api/v1/projects?Planted-s3cret@example.com=Planted-s3cret@example.com",
            "/api/v1/projects?cursor=Planted-s3cret@example.com", "/Planted-s3cret@example.com", "/api/v1/Planted-s3cret@example.com/",
            "/api/Planted-s3cret@example.com", "/api/v1/projects/%zzPlanted-s3cret@example.com", "/healthz?Planted-s3cret@example.com",
        ] {
            for method in ["GET", "PUT", "DELETE", "OPTIONS", "PLANTED-S3CRET"] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let _ = owner.try_send(method, path, &known, body()).await.unwrap();
            }
        }
        for path in ["register", "login", "clients"] {
            let _ = owner.try_send(Method::POST, &format!("/api/v1/auth/{path}"), &known, body()).await.unwrap();
        }
        let log = app.log.lock().join("\n").to_lowercase();
        assert!(log.lines().count() > 80, "the requests are logged");
        assert!(!log.contains("s3cret"), "{:?}", log.lines().find(|line| line.contains("s3cret")));
    }
}
