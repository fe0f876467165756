//! DELETE /api/v1/me/sessions/{id}

use super::{again, audited, refresh, session_id, sessions};
use crate::support::Client;

fn path(session: &Client) -> String {
    format!("/api/v1/me/sessions/{}", session_id(session))
}

everywhere! {
    /// The session ends, once, and the others go on.
    async fn ends_one_of_them(app) {
        let owner = app.owner().await;
        let (lost, kept) = (again(&app, &owner).await, again(&app, &owner).await);
        for _ in 0..2 {
            owner.delete(&path(&lost)).await.expect(204);
        }
        assert_eq!(sessions(&owner).await.len(), 2);
        refresh(&app, &lost).await.refused(400, "invalid_grant");
        refresh(&app, &kept).await.expect(200);
        let revoked = audited(&app, owner.tenant()).iter().filter(|kind| *kind == "login.revoked").count();
        assert_eq!(revoked, 1);
        // One's own too.
        owner.delete(&path(&owner)).await.expect(204);
        refresh(&app, &owner).await.refused(400, "invalid_grant");
        owner.delete(&path(&kept)).await.refused(401, "invalid_token");
    }

    /// A session of somebody else cannot be told from one that never existed, and goes on.
    async fn refuses_those_of_others(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        bob.delete(&path(&alice)).await.refused(404, "resource_not_found");
        bob.delete("/api/v1/me/sessions/fam_missing").await.refused(404, "resource_not_found");
        refresh(&app, &alice).await.expect(200);
    }
}
