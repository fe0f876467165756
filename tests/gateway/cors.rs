//! Cross-origin requests.

use http::Method;

use crate::placements;

const PATH: &str = "/api/v1/projects";

placements! {
    /// A listed origin may ask, and gets itself back; another gets no CORS header.
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
        // An error is readable to the page as well.
        let refused = anon.send(Method::GET, PATH, &[("origin", "https://app.example.com")], None).await.expect(401);
        assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example.com"));
    }
}
