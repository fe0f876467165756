//! Headers on every answer: correlation, traces, security.

use http::Method;

const PATH: &str = "/api/v1/projects";

transport! {
    /// The ids that a client sends come back. An id that is not a token is replaced.
    async fn correlation(app) {
        let owner = app.owner().await;
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let answer = owner.send(Method::GET, PATH, &[("x-request-id", "req-789"), ("x-correlation-id", "abc123"), ("x-b3-traceid", trace)], None).await;
        assert_eq!((answer.header("x-request-id"), answer.header("x-correlation-id")), (Some("req-789"), Some("abc123")));
        assert_eq!(answer.header("x-b3-traceid"), Some(trace));
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let answer = owner.send(Method::GET, PATH, &[("traceparent", &parent), ("x-request-id", "a b"), ("x-b3-sampled", "0")], None).await;
        assert_eq!(answer.header("x-b3-traceid"), Some(trace));
        let fresh = answer.header("x-request-id").unwrap();
        assert_eq!((fresh.len(), &fresh[14..15]), (36, "4"), "{fresh}");
        let short = owner.send(Method::GET, PATH, &[("x-b3-traceid", "a3ce929d0e0e4736"), ("x-b3-sampled", "0")], None).await;
        assert_eq!(short.header("x-b3-traceid"), Some("0000000000000000a3ce929d0e0e4736"));
        assert_eq!(short.header("x-b3-sampled"), Some("0"));
    }

    /// Successes and refusals have the security headers.
    async fn security(app) {
        let owner = app.owner().await;
        for answer in [owner.get(PATH).await, owner.get("/nowhere").await, owner.get("/api/v1/nowhere").await, app.anon().get(PATH).await] {
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(answer.header("x-frame-options"), Some("DENY"));
            assert_eq!(answer.header("x-xss-protection"), Some("0"));
            assert!(answer.header("strict-transport-security").is_some());
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
            assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        }
    }
}
