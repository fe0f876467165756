//! The signatures of a delivery, verified by code that shares nothing with the code that signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::support::receiver::{Received, Receiver};
use crate::webhooks::{arrived, endpoint, endpoint_with, project};

fn mac(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// The bytes that Standard Webhooks signs.
fn signed(sent: &Received) -> Vec<u8> {
    let head = format!("{}.{}.", sent.header("webhook-id"), sent.header("webhook-timestamp"));
    [head.as_bytes(), &sent.body].concat()
}

/// Whether each of these secrets has signed both as Standard Webhooks does and in the dated form.
pub(crate) fn verify(sent: &Received, secrets: &[&str]) -> Vec<bool> {
    let seconds = sent.header("webhook-timestamp");
    let one = |secret: &&str| {
        let standard = format!("v1,{}", STANDARD.encode(mac(secret, &[&signed(sent)])));
        let dated = hex(&mac(secret, &[seconds.as_bytes(), b".", &sent.body]));
        let has_standard = sent.header("webhook-signature").split(' ').any(|it| it == standard);
        let has_dated =
            sent.header("x-signature-v2").split(',').any(|it| it == format!("v1={dated}"));
        assert_eq!(has_standard, has_dated);
        has_standard
    };
    secrets.iter().map(one).collect()
}

logic! {
    /// A delivery has all its headers, and they match the body as it was sent.
    async fn is_in_three_forms(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let more = json!({ "event_types": ["project.*"], "ed25519": true, "headers": { "X-Team": "search", "authorization": "Bearer x" } });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        let secret = made.body["secret"].as_str().unwrap();
        let subject = project(&owner, "Größe").await;
        let sent = arrived(&app, &receiver, "/hooks", 1).await.remove(0);

        assert_eq!(sent.header("content-type"), "application/json");
        assert_eq!((sent.header("x-team"), sent.header("authorization")), ("search", "Bearer x"));
        assert!(sent.header("user-agent").starts_with("Tenantry-Webhooks/"));
        assert_eq!(sent.header("webhook-id"), sent.event("id"));
        assert_eq!(sent.header("x-webhook-id"), sent.header("webhook-id"));
        assert_eq!(sent.header("x-webhook-timestamp"), sent.header("webhook-timestamp"));
        let seconds: u64 = sent.header("webhook-timestamp").parse().unwrap();
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        assert!(now - seconds < 60, "{now} {seconds}");

        assert_eq!(verify(&sent, &[secret]), [true]);
        assert_eq!(sent.header("x-signature"), format!("sha256={}", hex(&mac(secret, &[&sent.body]))));
        assert!(sent.header("x-signature-v2").starts_with(&format!("t={seconds},v1=")));
        let public = made.body["public_key"].as_str().unwrap().strip_prefix("whpk_").unwrap();
        let key = ed25519_compact::PublicKey::from_slice(&STANDARD.decode(public).unwrap()).unwrap();
        let v1a = sent.header("webhook-signature").split(' ').find_map(|it| it.strip_prefix("v1a,")).unwrap();
        let v1a = ed25519_compact::Signature::from_slice(&STANDARD.decode(v1a).unwrap()).unwrap();
        key.verify(signed(&sent), &v1a).unwrap();
        assert!(key.verify(b"something else", &v1a).is_err());

        // The body is the event as the feed shows it.
        let feed = owner.get("/api/v1/events?type=project.created").await.expect(200);
        assert_eq!((&sent.json(), sent.event("subject")), (&feed.body["items"][0], subject));
    }

    /// An endpoint signs with Ed25519 only if it asks for that.
    async fn is_symmetric_by_default(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let sent = arrived(&app, &receiver, "/hooks", 1).await;
        assert!(!sent[0].header("webhook-signature").contains("v1a"));
    }
}
