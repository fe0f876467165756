//! POST /api/v1/me/sessions/end-others

use http::Method;

use super::{again, refresh, session_id, sessions};

everywhere! {
    /// Only the session of the caller is left.
    async fn ends_all_others(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let (first, second) = (again(&app, &owner).await, again(&app, &owner).await);
        owner.send(Method::POST, "/api/v1/me/sessions/end-others", &[], None).await.expect(204);
        assert_eq!(sessions(&owner).await, [session_id(&owner)]);
        for ended in [first, second] {
            refresh(&app, &ended).await.refused(400, "invalid_grant");
        }
        refresh(&app, &owner).await.expect(200);
        refresh(&app, &other).await.expect(200);
    }
}
