//! POST /api/v1/auth/logout

use http::Method;

use serde_json::json;

use super::{again, audited, client, join, refresh, signed_in};
use crate::support::{Client, Exchange};

const PATH: &str = "/api/v1/auth/logout";

async fn logout(client: &Client) -> Exchange {
    client.send(Method::POST, PATH, &[], None).await
}

everywhere! {
    /// The login ends with its tokens. Other logins of the person go on.
    async fn ends_one_login(app) {
        let owner = app.owner().await;
        let other = again(&app, &owner).await;
        logout(&owner).await.expect(204);
        refresh(&app, &owner).await.refused(400, "invalid_grant");
        // Gateways refuse the access token as soon as they look again.
        let sql = format!("SELECT subject, below FROM revocations WHERE tenant_id = '{}'", owner.tenant());
        let [revoked] = &app.rows(&sql)[..] else { panic!("one revocation") };
        assert!(revoked[0].starts_with("fam_") && revoked[1] == "1", "{revoked:?}");
        refresh(&app, &other).await.expect(200);
        let signed_out = audited(&app, owner.tenant()).iter().filter(|kind| *kind == "user.signed_out").count();
        assert_eq!(signed_out, 1);
    }

    /// Where it was carried on in other tenants, it ends too.
    async fn ends_in_all_tenants(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let switch = json!({ "tenant_id": alice.tenant() });
        let there = bob.post("/api/v1/auth/switch", &switch).await.expect(200);
        logout(&bob).await.expect(204);
        refresh(&app, &bob.clone().of(there.body)).await.refused(400, "invalid_grant");
        for owner in [&alice, &bob] {
            assert!(audited(&app, owner.tenant()).contains(&"user.signed_out".to_owned()));
        }
    }

    /// A login ends once. Whoever logs out again is told so, and nothing happens.
    async fn not_twice(app) {
        let owner = app.owner().await;
        logout(&owner).await.expect(204);
        let before = audited(&app, owner.tenant());
        logout(&owner).await.refused(401, "invalid_token");
        assert_eq!(audited(&app, owner.tenant()), before);
    }
}

logic! {
    /// Machine clients have no login.
    async fn refuses_machines(app) {
        let owner = app.owner().await;
        let machine = signed_in(&app, &owner, &client(&owner).await.body).await;
        logout(&machine).await.refused(403, "insufficient_scope");
        machine.get("/api/v1/projects").await.expect(200);
    }
}
