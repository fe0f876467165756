//! Secrets that an older release has sealed with the master key, which `webhooks` no longer gets.

use aes_gcm::aead::Aead as _;
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce, aead::Payload};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::receiver::Receiver;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Placement, seal};
use crate::webhooks::{arrived, endpoint_with, operate};

storage! { older_secrets_open(placement) }

const MASTER: &str = "ZGV2ZWxvcG1lbnQgb25seSwgbmV2ZXIgZGVwbG95ISE=";

/// New secrets are sealed with a key that only serves for sealing. Secrets that were sealed with
/// the master key still open.
async fn older_secrets_open(placement: Placement) {
    let (directory, receiver) = (tempfile::tempdir().unwrap(), Receiver::start().await);
    let options = options(placement, directory.path(), &UNLIMITED);
    let (app, server) = start(options.clone()).await;
    let owner = app.owner().await;
    let more = json!({ "event_types": ["user.*"] });
    let made = endpoint_with(&owner, &receiver, "/old", more).await;
    operate(&owner, made.id(), "test").await.expect(202);
    let before = arrived(&app, &receiver, "/old", 1).await;
    assert!(before[0].header("webhook-signature").starts_with("v1"));
    server.shutdown().await.unwrap();

    let rows = app.rows("SELECT sealed FROM webhook_secrets");
    let sealed = rows[0][0].strip_prefix("2.").expect("is marked");
    let keys = host::keys(MASTER).unwrap();
    let (_, own) = keys.iter().find(|(name, _)| name.ends_with("SEALING_KEY")).unwrap();
    assert_ne!(own, MASTER);
    let name = format!("webhook:{}", made.id());
    let decode = |text: &str| STANDARD.decode(text).unwrap();
    let plain = seal::open(&decode(own), &name, &decode(sealed));
    let cipher = Aes256Gcm::new_from_slice(&decode(MASTER)).unwrap();
    let payload = Payload { msg: &plain, aad: name.as_bytes() };
    let nonce = [7; 12];
    let mut older = nonce.to_vec();
    older.extend(cipher.encrypt(&Nonce::from(nonce), payload).unwrap());
    app.execute(&format!("UPDATE webhook_secrets SET sealed = '{}'", STANDARD.encode(older)));

    let (app, server) = start(options).await;
    let owner = crate::support::Client::new(&app.base, Some(owner.token())).of(owner.session);
    operate(&owner, made.id(), "test").await.expect(202);
    arrived(&app, &receiver, "/old", 2).await;
    server.shutdown().await.unwrap();
}
