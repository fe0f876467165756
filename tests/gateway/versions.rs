//! Versions that a request asks for.

use http::Method;

const PATHS: [&str; 2] = ["/api/v1/projects", "/v1/projects"];

transport! {
    /// `Accept-Version` must match the version that is served.
    async fn accept_version(app) {
        let owner = app.owner().await;
        for path in PATHS {
            for version in ["1", "1.0", "1.0.0", "2026-01-01"] {
                owner.send(Method::GET, path, &[("accept-version", version)], None).await.expect(200);
            }
            for version in ["2", "2.3.1", "1.99.0", "0.1", "2001-01-01"] {
                let refused = owner.send(Method::GET, path, &[("accept-version", version)], None).await;
                let refused = refused.refused(406, "not_acceptable");
                assert_eq!(*refused.detail("served_version"), "1.0.0");
            }
            owner.send(Method::GET, path, &[("accept-version", "latest")], None).await.refused(400, "malformed_request");
            owner.get(&format!("{path}?version=2")).await.refused(400, "invalid_parameter");
        }
    }

    /// Only answers below `/api` have `API-Version`.
    async fn api_version(app) {
        let owner = app.owner().await;
        assert_eq!(owner.get(PATHS[0]).await.header("api-version"), Some("1.0.0"));
        assert_eq!(owner.get("/api/v1/nothing").await.header("api-version"), Some("1.0.0"));
        assert_eq!(owner.get(PATHS[1]).await.header("api-version"), None);
        let refused = owner.get("/api/v7/projects").await.refused(404, "route_not_found");
        assert_eq!(refused.header("api-version"), None);
        assert!(refused.body["message"].as_str().unwrap().contains("v1"), "{}", refused.text);
    }

    /// `/v1/{service}/…` leads to the same operation if the service is not a resource (E-3).
    async fn service_names(app) {
        app.anon().try_send(Method::GET, "/v1/docs/openapi.json", &[], None).await.unwrap().expect(200);
        app.anon().get("/api/v1/docs/openapi.json").await.refused(404, "route_not_found");
        app.anon().get("/v1/projects/projects/x").await.refused(404, "route_not_found");
    }
}
