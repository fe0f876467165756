//! GET /api/v1/openapi.json

use crate::placements;
use crate::support::contract::CONTRACT;

placements! {
    /// What is served is the contract of the repository.
    async fn is_the_contract(app) {
        let served = app.anon().get("/api/v1/openapi.json").await.expect(200);
        assert_eq!(served.body, *CONTRACT);
        assert_eq!(served.header("api-version"), served.body["info"]["version"].as_str());
    }
}
