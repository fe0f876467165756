//! GET /api/v1/api-docs.json

use crate::support::contract::CONTRACT;

transport! {
    /// The contract has another path, below both prefixes (K-74, E-70).
    async fn is_the_contract_too(app) {
        for path in ["/api/v1/api-docs.json", "/v1/api-docs.json"] {
            assert_eq!(app.anon().get(path).await.expect(200).body, *CONTRACT);
        }
    }
}
