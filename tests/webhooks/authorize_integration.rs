//! POST /api/v1/integrations/{id}/authorize

use std::collections::BTreeMap;

use serde_json::json;

use super::inbound::{INTEGRATIONS, connect};
use super::oauth::{CONNECTED, World};
use crate::support::Placement;

npm! {
    asks_as_the_specifications_say(placement) only_for_what_is_registered(placement)
}

logic! {
    /// If the operator has configured no provider, the answer says so.
    async fn needs_a_provider(app) {
        let owner = app.owner().await;
        let integration = connect(&owner, "GITHUB").await.integration;
        let path = format!("{INTEGRATIONS}/{integration}/authorize");
        let refused = owner.post(&path, &json!({})).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/provider NOT_ALLOWED_VALUE"]);
        assert!(refused.text.contains("oauth_providers"), "{}", refused.text);
    }
}

/// The authorization request follows the code flow with PKCE (RFC 6749 section 4.1.1, RFC 7636
/// section 4.3). It has the parameters that the operator has set, and nothing in it can be guessed.
/// The verifier is stored sealed.
async fn asks_as_the_specifications_say(placement: Placement) {
    let world = World::start(placement).await;
    let parameters = async |body| {
        let begun = world.authorize(body).await.expect(200);
        assert_eq!(begun.header("cache-control"), Some("no-store"));
        let url = begun.body["authorization_url"].as_str().unwrap();
        assert!(url.starts_with(&format!("{}/auth?", world.provider.base)), "{url}");
        let url = reqwest::Url::parse(url).unwrap();
        let pairs: BTreeMap<_, _> = url.query_pairs().into_owned().collect();
        assert_eq!(begun.body["state"], pairs["state"]);
        pairs
    };
    let first = parameters(json!({})).await;
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "long"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", CONNECTED),
        ("scope", "openid offline_access"),
        ("prompt", "consent"),
    ] {
        assert_eq!(first[name], value, "{first:?}");
    }
    assert_eq!(first["code_challenge"].len(), 43);
    assert!(first["state"].len() >= 22, "{first:?}");
    let body = json!({ "provider": "short", "scope": "openid", "redirect_uri": "https://app.example.com/other" });
    let second = parameters(body).await;
    assert_eq!(
        [&second["client_id"], &second["scope"], &second["redirect_uri"]],
        ["short", "openid", "https://app.example.com/other"]
    );
    assert_ne!(first["state"], second["state"]);
    assert_ne!(first["code_challenge"], second["code_challenge"]);
    // A caller has one pending authorization at a time.
    let kept = world.app.rows("SELECT state, sealed FROM integration_authorizations");
    assert_eq!((kept.len(), &kept[0][0]), (1, &second["state"]));
    world.end().await;
}

/// Another provider, or a redirect URI that is not registered letter for letter, is refused, and no
/// authorization begins.
async fn only_for_what_is_registered(placement: Placement) {
    let world = World::start(placement).await;
    for (body, found) in [
        (json!({ "provider": "other" }), "/provider NOT_ALLOWED_VALUE"),
        (json!({ "redirect_uri": format!("{CONNECTED}/") }), "/redirect_uri NOT_ALLOWED_VALUE"),
        (json!({ "redirect_uri": "https://evil.example/" }), "/redirect_uri NOT_ALLOWED_VALUE"),
        (json!({ "scope": "" }), "/scope TOO_SHORT"),
    ] {
        let refused = world.authorize(body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), [found]);
        assert!(!refused.text.contains("secret"), "{}", refused.text);
    }
    world.owner.delete(&world.path).await.expect(204);
    world.authorize(json!({})).await.refused(410, "resource_gone");
    assert!(world.app.rows("SELECT state FROM integration_authorizations").is_empty());
    world.end().await;
}
