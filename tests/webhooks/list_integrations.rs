//! GET /api/v1/integrations

use super::inbound::{INTEGRATIONS, connect};

storage! {
    /// The list can be filtered by provider, and never shows a secret.
    async fn by_provider(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "STRIPE").await;
        connect(&owner, "SLACK").await;
        let all = owner.get(INTEGRATIONS).await.expect(200);
        assert_eq!(all.body["items"].as_array().unwrap().len(), 2);
        assert!(!all.text.contains("secret") && !all.text.contains(&sender.secret), "{}", all.text);
        let some = owner.get(&format!("{INTEGRATIONS}?provider=STRIPE")).await.expect(200);
        assert_eq!(some.body["items"].as_array().unwrap().len(), 1);
        assert_eq!(some.body["items"][0]["id"], sender.integration);
    }
}
