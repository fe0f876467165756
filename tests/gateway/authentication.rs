//! Credentials that are refused, and the answers to them.

use jwt_simple::prelude::*;
use serde_json::json;

use crate::snapshot;
use crate::support::{App, Placement, dedicated};

everywhere! { asks_for_lost_keys(placement) }

const PATH: &str = "/api/v1/projects";

/// A token signed by this key, with claims like those of the issuer.
fn forge(key: &RS256KeyPair, tenant: &str, valid: Duration) -> String {
    let custom = json!({ "tenant_id": tenant, "scopes": ["projects:read"] });
    let claims = Claims::with_custom_claims(custom, valid)
        .with_issuer("tenantry")
        .with_audience("tenantry")
        .with_subject("usr_x");
    key.sign(claims).unwrap()
}

/// The issuer's own key, unsealed with the development master key. It signs tokens that are genuine
/// and yet not valid.
pub(crate) fn issuer_key(app: &App) -> RS256KeyPair {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let keys = app.rows("SELECT id, sealed FROM signing_keys");
    let [id, sealed] = keys.first().expect("a signing key").as_slice() else { unreachable!() };
    let master = crate::support::signing_key::master();
    let der = crate::support::seal::open(&master, id, &STANDARD.decode(sealed).unwrap());
    RS256KeyPair::from_der(&der).unwrap().with_key_id(id)
}

transport! {
    /// A request without a credential, or with one of another kind, gets an answer that tells how
    /// to get one.
    async fn needs_a_token(app) {
        snapshot!("without_token", app.anon().get(PATH).await.refused(401, "authentication_required"));
        for value in ["Basic YTpi", "Bearer", "Bearer ", "token"] {
            let refused = app.anon().send(http::Method::GET, PATH, &[("authorization", value)], None).await;
            refused.refused(401, "authentication_required");
        }
    }

    /// Forged tokens, and tokens with other algorithms, are refused.
    async fn refuses_forged_tokens(app) {
        let owner = app.owner().await;
        let token = owner.token();
        let head = token.split('.').next().unwrap();
        let kid = Token::decode_metadata(token).unwrap().key_id().unwrap().to_owned();
        let stranger = RS256KeyPair::generate(2048).unwrap();
        let hs256 = HS256Key::generate().with_key_id(&kid);
        let none = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
        let day = Duration::from_days(1);
        for (why, forged) in [
            ("another key", forge(&stranger.clone().with_key_id("key_unknown"), owner.tenant(), day)),
            ("another key under the same id", forge(&stranger.with_key_id(&kid), owner.tenant(), day)),
            ("HS256", hs256.authenticate(Claims::create(day)).unwrap()),
            ("none", none),
            ("no signature", format!("{head}.e30.")),
            ("garbage", "garbage".to_owned()),
            ("changed", format!("{}x", token)),
        ] {
            let refused = owner.with_token(&forged).get(PATH).await;
            assert_eq!((refused.status, &refused.body["error"]), (401, &json!("invalid_token")), "{why}: {}", refused.text);
            assert!(refused.header("www-authenticate").unwrap().contains("invalid_token"), "{why}");
        }
        owner.get(PATH).await.expect(200);
    }

    /// Genuine tokens that are expired, or that are for another audience, are refused.
    async fn refuses_genuine_tokens_that_are_not_valid(app) {
        let owner = app.owner().await;
        let key = issuer_key(&app);
        let valid = forge(&key, owner.tenant(), Duration::from_mins(5));
        owner.with_token(&valid).get(PATH).await.expect(200);
        let mut claims = Claims::with_custom_claims(json!({ "tenant_id": owner.tenant(), "scopes": ["projects:read"] }), Duration::from_secs(1))
            .with_issuer("tenantry").with_audience("tenantry").with_subject("usr_x");
        claims.expires_at = Some(Clock::now_since_epoch() - Duration::from_secs(1));
        claims.issued_at = Some(Clock::now_since_epoch() - Duration::from_mins(90));
        claims.invalid_before = claims.issued_at;
        owner.with_token(&key.sign(claims).unwrap()).get(PATH).await.refused(401, "invalid_token");
        let other = Claims::with_custom_claims(json!({ "tenant_id": owner.tenant() }), Duration::from_mins(5))
            .with_issuer("tenantry").with_audience("someone-else").with_subject("usr_x");
        owner.with_token(&key.sign(other).unwrap()).get(PATH).await.refused(401, "invalid_token");
    }

    /// Genuine tokens are refused if they begin later than the tolerated clock difference, or live
    /// longer than the issuer allows (RFC 7519 sections 4.1.5 and 4.1.6).
    async fn refuses_genuine_tokens_of_other_times(app) {
        let owner = app.owner().await;
        let key = issuer_key(&app);
        let now = Clock::now_since_epoch();
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        let token = |change: &dyn Fn(&mut JWTClaims<serde_json::Value>)| {
            let custom = json!({ "tenant_id": owner.tenant(), "scopes": ["projects:read"] });
            let mut claims = Claims::with_custom_claims(custom, hour)
                .with_issuer("tenantry").with_audience("tenantry").with_subject("usr_x");
            (claims.issued_at, claims.invalid_before, claims.expires_at) = (Some(now), Some(now), Some(now + hour));
            change(&mut claims);
            owner.with_token(&key.sign(claims).unwrap())
        };
        for (why, good) in [
            ("as it is", token(&|_| ())),
            ("no nbf", token(&|claims| claims.invalid_before = None)),
            ("skew", token(&|claims| {
                claims.invalid_before = Some(now + Duration::from_secs(30));
                claims.issued_at = claims.invalid_before;
            })),
        ] {
            assert_eq!(good.get(PATH).await.status, 200, "{why}");
        }
        for (why, wrong) in [
            ("nbf", token(&|claims| claims.invalid_before = Some(now + minute + minute))),
            ("no iat", token(&|claims| claims.issued_at = None)),
            ("long", token(&|claims| claims.expires_at = Some(now + hour + minute))),
            ("old and long", token(&|claims| {
                claims.issued_at = Some(now - hour);
                claims.expires_at = Some(now + minute);
            })),
        ] {
            let refused = wrong.get(PATH).await;
            assert_eq!((refused.status, &refused.body["error"]), (401, &json!("invalid_token")), "{why}");
        }
    }
}

everywhere! {
    /// `X-Tenant-Id` may repeat the tenant of the token but cannot change it.
    async fn the_tenant_is_the_tokens(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let named = |tenant: &str| [("x-tenant-id", tenant.to_owned())];
        for (tenant, status) in [(alice.tenant(), 200), (bob.tenant(), 403), ("tenant_missing", 403)] {
            let headers = named(tenant);
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            let answer = alice.send(http::Method::GET, PATH, &headers, None).await.expect(status);
            if status == 403 {
                assert_eq!(answer.body["error"], "tenant_mismatch");
            }
        }
    }
}

/// If a gateway finds no published keys, it asks the issuer before it refuses a token.
async fn asks_for_lost_keys(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let token = owner.token().to_owned();
    server.shutdown().await.unwrap();
    crate::support::stores::forget_key_values(directory.path());
    let options = crate::support::server::options(
        placement,
        directory.path(),
        &crate::support::server::UNLIMITED,
    );
    let (app, server) = crate::support::server::start(options).await;
    crate::support::Client::new(&app.base, Some(&token)).get(PATH).await.expect(200);
    server.shutdown().await.unwrap();
}
