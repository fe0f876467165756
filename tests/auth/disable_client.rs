//! POST /api/v1/auth/clients/{id}/disable

use http::Method;

use super::{CLIENTS, audited, client_with, grant, signed_in};
use crate::isolation::{COLLECTIONS, read_scopes};

everywhere! {
    /// A disabled client gets no tokens, and every function refuses its present token.
    async fn ends_its_tokens(app) {
        let owner = app.owner().await;
        let made = client_with(&owner, &read_scopes()).await;
        let ci_service = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}/disable", made.id());
        let disabled = owner.send(Method::POST, &path, &[], None).await.expect(200);
        assert_eq!(disabled.body["status"], "DISABLED");
        // No gateway has verified the token before, so none remembers it.
        for name in COLLECTIONS.iter() {
            ci_service.get(&format!("/api/v1/{name}")).await.refused(401, "invalid_token");
        }
        grant(&app, &made.body).await.refused(401, "invalid_client");
        grant(&app, &made.body).await.refused(401, "invalid_client");
        owner.send(Method::POST, &path, &[], None).await.refused(409, "conflict");
        let told = audited(&app, owner.tenant());
        assert_eq!(told, ["client.created", "client.signed_in", "client.disabled", "client.sign_in_refused"], "once an hour");
    }
}
