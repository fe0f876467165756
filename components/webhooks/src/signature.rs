//! The signatures that prove to a receiver that a delivery comes from this system (A-78, A-79,
//! C-26, C-27, K-60). The same key signs in three formats:
//!
//! - `webhook-id`, `webhook-timestamp`, `webhook-signature` of Standard Webhooks (`v1`, and `v1a`
//!   with Ed25519), over `id.timestamp.body`; one signature for each secret that is valid;
//! - `X-Signature-V2: t=…,v1=…`, over `t.body`; one `v1` for each secret that is valid;
//! - `X-Signature: sha256=…`, over the body alone, by the newest secret.
//!
//! The key of the MACs is the part of the secret after `whsec_`, decoded from base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_compact::{KeyPair, Noise, Seed};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The prefix of public keys.
pub(crate) const PUBLIC: &str = "whpk_";

/// The keys of one secret.
pub(crate) struct Keys {
    mac: Vec<u8>,
    pair: KeyPair,
}

impl Keys {
    /// From the decoded secret and the seed of the Ed25519 key.
    pub(crate) fn new(mac: Vec<u8>, seed: [u8; 32]) -> Self {
        Self { mac, pair: KeyPair::from_seed(Seed::new(seed)) }
    }

    /// The public key `whpk_…`, which verifies `v1a` signatures.
    pub(crate) fn public(&self) -> String {
        format!("{PUBLIC}{}", STANDARD.encode(*self.pair.pk))
    }

    fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        // HMAC takes keys of any length (RFC 2104 section 2), so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.mac) else { return Vec::new() };
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    }
}

/// The signature headers of a delivery. `keys` has the newest first. `seconds` is the time since
/// the Unix epoch.
pub(crate) fn headers(
    keys: &[Keys],
    ed25519: bool,
    id: &str,
    seconds: i64,
    body: &[u8],
) -> Vec<(&'static str, String)> {
    let seconds = seconds.to_string();
    let signed = [id.as_bytes(), b".", seconds.as_bytes(), b".", body];
    let mut standard = Vec::new();
    let mut dated = format!("t={seconds}");
    for key in keys {
        standard.push(format!("v1,{}", STANDARD.encode(key.mac(&signed))));
        if ed25519 {
            let signature = key.pair.sk.sign(signed.concat(), None::<Noise>);
            standard.push(format!("v1a,{}", STANDARD.encode(*signature)));
        }
        dated += &format!(",v1={}", hex::encode(key.mac(&[seconds.as_bytes(), b".", body])));
    }
    let plain = keys.first().map(|key| hex::encode(key.mac(&[body]))).unwrap_or_default();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds.clone()),
        ("webhook-signature", standard.join(" ")),
        ("x-webhook-id", id.to_owned()),
        ("x-webhook-timestamp", seconds),
        ("x-signature", format!("sha256={plain}")),
        ("x-signature-v2", dated),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::signing_secret::decode;

    /// The sample of the specification (standard-webhooks, libraries' tests).
    #[test]
    fn the_sample_of_standard_webhooks() {
        let key = decode("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let keys = [Keys::new(key, [7; 32])];
        let headers = headers(
            &keys,
            false,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            b"{\"test\": 2432232314}",
        );
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs() {
        let keys = [Keys::new(vec![1; 24], [1; 32]), Keys::new(vec![2; 24], [2; 32])];
        let of = headers(&keys, true, "evt_1", 1, b"{}");
        let kinds: Vec<&str> =
            of[2].1.split(' ').map(|one| one.split(',').next().unwrap()).collect();
        assert_eq!(kinds, ["v1", "v1a", "v1", "v1a"]);
        assert_eq!(of[6].1.matches(",v1=").count(), 2);
        let sole = headers(&keys[..1], true, "evt_1", 1, b"{}");
        assert_eq!(of[5], sole[5], "the plain one is by the newest");
        let signature = sole[2].1.split("v1a,").nth(1).unwrap();
        let signature =
            ed25519_compact::Signature::from_slice(&STANDARD.decode(signature).unwrap()).unwrap();
        assert!(keys[0].pair.pk.verify("evt_1.1.{}", &signature).is_ok());
    }
}
