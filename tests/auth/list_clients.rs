//! GET /api/v1/auth/clients

use serde_json::json;

use super::{CLIENTS, client, signed_in};

storage! {
    /// The list has the clients of the tenant, without their secrets and without deleted clients.
    async fn lists_without_secrets(app) {
        let owner = app.owner().await;
        let (first, second) = (client(&owner).await, client(&owner).await);
        let list = owner.get(CLIENTS).await.expect(200);
        let ids: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect();
        assert_eq!(ids, [first.id(), second.id()]);
        for made in [&first, &second] {
            assert!(!list.text.contains(made.body["client_secret"].as_str().unwrap()));
        }
        owner.delete(&format!("{CLIENTS}/{}", first.id())).await.expect(204);
        let list = owner.get(&format!("{CLIENTS}?status=ENABLED&sort=-name")).await.expect(200);
        assert_eq!(list.body["items"][0]["id"], second.id());
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    }
}

logic! {
    /// Reading the list needs a scope.
    async fn takes_a_scope(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let ci_service = signed_in(&app, &owner, &made.body).await;
        let refused = ci_service.get(CLIENTS).await.refused(403, "insufficient_scope");
        assert_eq!(refused.body["details"]["required_scope"], json!("clients:read"));
    }
}
