//! DELETE /api/v1/auth/clients/{id}

use super::{CLIENTS, client, grant, signed_in};

const PROJECTS: &str = "/api/v1/projects";

everywhere! {
    /// A deleted client gets no tokens. Its present token is refused, and here at once, because no
    /// gateway has verified it before. Tokens of other clients stay valid.
    async fn ends_its_tokens(app) {
        let owner = app.owner().await;
        let (made, other) = (client(&owner).await, client(&owner).await);
        let (ci_service, ops) = (
            signed_in(&app, &owner, &made.body).await,
            signed_in(&app, &owner, &other.body).await,
        );
        let path = format!("{CLIENTS}/{}", made.id());
        owner.delete(&path).await.expect(204);
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.refused(410, "resource_gone");
        grant(&app, &made.body).await.refused(401, "invalid_client");
        ci_service.get(PROJECTS).await.refused(401, "invalid_token");
        ops.get(PROJECTS).await.expect(200);
        let events = owner.get("/api/v1/events?type=client.deleted").await.expect(200);
        assert_eq!(events.body["items"].as_array().unwrap().len(), 1);
    }
}
