//! GET /metrics

use http::Method;

use crate::support::server::OPERATOR;
use crate::support::{Placement, dedicated};

transport! { for_the_operator(placement) }

/// The metrics count answers by component and status, in OpenMetrics. Only the operator can read
/// them.
async fn for_the_operator(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    owner.get("/api/v1/projects").await.expect(200);
    app.anon().get("/api/v1/projects").await.expect(401);
    let ask = async |authorization: &str| {
        let headers = [("authorization", authorization)];
        app.anon().try_send(Method::GET, "/metrics", &headers, None).await.unwrap()
    };
    for wrong in ["", "Bearer ", "Bearer guess", &format!("Bearer {}", owner.token())] {
        let refused = ask(wrong).await.refused(401, "authentication_required");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        assert!(!refused.text.contains("http_requests"));
    }
    let metrics = ask(&format!("Bearer {OPERATOR}")).await.expect(200);
    assert!(metrics.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        "tenantry_http_requests_total{component=\"projects\",status=\"200\"} 1",
        "tenantry_http_requests_total{component=\"projects\",status=\"401\"} 1",
        "tenantry_http_requests_total{component=\"auth\",status=\"201\"} 1",
        "tenantry_key_value_failures_total{store=\"default\"} 0",
        "# EOF",
    ] {
        assert!(metrics.text.lines().any(|found| found == line), "{line}\n{}", metrics.text);
    }
    server.shutdown().await.unwrap();

    // If no credential is set, nobody can read them.
    let (app, server, _directory) = dedicated(placement, &[("operator_token", "")]).await;
    let headers = [("authorization", "Bearer ")];
    let refused = app.anon().try_send(Method::GET, "/metrics", &headers, None).await.unwrap();
    refused.refused(401, "authentication_required");
    server.shutdown().await.unwrap();
}
