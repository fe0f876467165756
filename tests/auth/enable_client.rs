//! POST /api/v1/auth/clients/{id}/enable

use http::Method;

use super::{CLIENTS, client, signed_in};

const PROJECTS: &str = "/api/v1/projects";

everywhere! {
    /// An enabled client gets new tokens that are valid at once. Its old token stays invalid.
    async fn gives_new_tokens(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let before = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}", made.id());
        for action in ["disable", "enable"] {
            owner.send(Method::POST, &format!("{path}/{action}"), &[], None).await.expect(200);
        }
        signed_in(&app, &owner, &made.body).await.get(PROJECTS).await.expect(200);
        before.get(PROJECTS).await.refused(401, "invalid_token");
    }
}
