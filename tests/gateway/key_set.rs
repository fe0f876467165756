//! All functions share the key-value store. A function that writes to it cannot make keys for
//! tokens.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jwt_simple::prelude::*;
use serde_json::{Value, json};

use crate::support::server::{UNLIMITED, options, root, start};
use crate::support::{App, Placement};

everywhere! { no_function_makes_keys(placement) }
transport! { another_verifier_lets_nobody_in() }

const KEY: &str = "auth:jwks";
const PATH: &str = "/api/v1/projects";

/// The manifest of the bundle, with one more function that does what the test says with the store.
fn manifest(directory: &std::path::Path) -> std::path::PathBuf {
    let text = std::fs::read_to_string(root().join("spin.toml")).unwrap();
    let built = format!("{}/target/wasm32", root().display());
    let text = text.replace("target/wasm32", &built);
    let wasm = format!("{built}-wasip2/guest");
    let text = format!(
        r#"{text}
[[trigger.http]]
route = "/api/v1/probe/..."
component = "fixture"

[component.fixture]
source = "{wasm}/gateway.wasm"
key_value_stores = ["default"]
dependencies_inherit_configuration = true

[component.fixture.dependencies]
"tenantry:platform/route@1.0.0" = {{ path = "{wasm}/fixture.wasm" }}

[component.fixture.variables]
limit_read_per_minute = "{{{{ limit_read_per_minute }}}}"
"#
    );
    let file = directory.join("spin.toml");
    std::fs::write(&file, text).unwrap();
    file
}

async fn probe(app: &App, what: &str, query: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost", query).unwrap();
    let path = format!("/api/v1/probe/{what}?{}", url.query().unwrap());
    let answer = app.anon().try_send(http::Method::GET, &path, &[], None).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

fn signed(issuer: &Ed25519KeyPair, keys: &Value) -> Value {
    let claims = Claims::with_custom_claims(json!({ "keys": keys }), Duration::from_mins(5));
    json!({ "keys": keys, "signed": issuer.sign(claims).unwrap() })
}

/// The function publishes key sets of its own: an unsigned one, one that it signed itself, one
/// beside the genuine signature, and an empty one. No token of its own is accepted, and tokens of
/// `auth` always are.
async fn no_function_makes_keys(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, &directory.path().join("data"), &UNLIMITED);
    options.manifest = manifest(directory.path());
    let (app, server) = start(options).await;
    let owner = app.owner().await;
    let genuine = probe(&app, "key-value-get", &[("key", KEY)]).await;
    let genuine: Value = serde_json::from_str(&genuine).unwrap();

    let pair = RS256KeyPair::generate(2048).unwrap().with_key_id("key_forged");
    let jwk = pair.public_key().with_key_id("key_forged").to_jwk();
    let mut keys = genuine["keys"].clone();
    keys.as_array_mut().unwrap().push(serde_json::from_str(&jwk).unwrap());
    let custom = json!({ "tenant_id": owner.tenant(), "scopes": ["projects:read"] });
    let claims = Claims::with_custom_claims(custom, Duration::from_mins(5))
        .with_issuer("tenantry")
        .with_audience("tenantry")
        .with_subject("usr_x");
    let forged = owner.with_token(&pair.sign(claims).unwrap());

    for (why, set) in [
        ("unsigned", json!({ "keys": keys })),
        ("signed by somebody", signed(&Ed25519KeyPair::generate(), &keys)),
        ("beside what is signed", json!({ "keys": keys, "signed": genuine["signed"] })),
        ("nothing", json!({})),
    ] {
        probe(&app, "key-value-set", &[("key", KEY), ("value", &set.to_string())]).await;
        // A gateway looks for an unknown key once a second at most.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        forged.get(PATH).await.refused(401, "invalid_token");
        app.owner().await.get(PATH).await.expect(200);
        // A gateway asked `auth`, which published the genuine set again.
        assert_ne!(probe(&app, "key-value-get", &[("key", KEY)]).await, set.to_string(), "{why}");
    }
    let told = |line: &String| line.contains("auth:jwks");
    assert!(app.log.lock().iter().any(told), "the operator reads of it");
    server.shutdown().await.unwrap();
}

/// If the `keys_verifier` of a gateway is of another master key, the gateway refuses all requests,
/// and logs why. On Spin an operator sets both values.
async fn another_verifier_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let other = STANDARD.encode(Ed25519KeyPair::generate().public_key().to_bytes());
    let data = directory.path().join("data");
    let mut options = options(Placement::Composed, &data, &UNLIMITED);
    // As on Spin, nothing compares the two values before the start.
    let text = std::fs::read_to_string(manifest(directory.path())).unwrap();
    let text = text.replace("\"{{ keys_verifier }}\"", &format!("\"{other}\""));
    options.manifest = directory.path().join("other.toml");
    std::fs::write(&options.manifest, text).unwrap();
    let (app, server) = start(options).await;
    let owner = app.owner().await;
    owner.get(PATH).await.refused(503, "service_unavailable");
    let told = |line: &String| line.contains("SPIN_VARIABLE_KEYS_VERIFIER");
    assert!(app.log.lock().iter().any(told), "the operator reads why");
    server.shutdown().await.unwrap();
}
