//! GET /.well-known/jwks.json

use jwt_simple::prelude::*;

use crate::snapshot;

transport! {
    /// The published key verifies a token, which has all claims (K-36).
    async fn verifies_a_token(app) {
        let owner = app.owner().await;
        let set = app.anon().get("/.well-known/jwks.json").await.expect(200);
        let key = RS256PublicKey::from_jwk(&set.body["keys"][0].to_string()).unwrap();
        let claims = key.verify_token::<serde_json::Value>(owner.token(), None).unwrap();
        let user = owner.session["user"]["id"].as_str().unwrap();
        assert_eq!(claims.subject.as_deref(), Some(user));
        assert_eq!(claims.custom["user_id"], user);
        assert_eq!(claims.custom["tenant_id"], owner.tenant());
        assert_eq!(claims.custom["roles"], serde_json::json!(["owner"]));
        let scopes = claims.custom["scopes"].as_array().unwrap();
        let joined: Vec<_> = scopes.iter().map(|s| s.as_str().unwrap()).collect();
        assert_eq!(claims.custom["scope"], joined.join(" "));
        assert!(claims.jwt_id.is_some() && claims.issuer.is_some() && claims.audiences.is_some());
        snapshot!("jwks", set);
    }
}
