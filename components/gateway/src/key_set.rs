//! The keys that verify tokens, as `auth` publishes them in the key-value store. Every function may
//! write to that store. So the set is a JWT signed by `auth` (RFC 7519, EdDSA of RFC 8037), with a
//! key that comes from the master key. If another function writes a set, then its signature is
//! wrong and it verifies nothing.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jwt_simple::prelude::*;
use protocol::{Code, Error, entry};

use crate::platform::{Fault, Platform};
use crate::settings::Settings;

/// The greatest age of a stored set, in milliseconds. With every token that it issues, `auth`
/// publishes a set that is at most a minute old, and no token lives longer than an hour. So nobody
/// uses the keys of an older set any more.
const MAX_AGE_MS: u64 = 2 * 3_600_000;

/// How long the known keys are used until they are read again, in milliseconds.
const CACHE_MS: u64 = 60_000;
/// The shortest time between two searches of the published keys for an unknown `kid`.
const REFRESH_MS: u64 = 1_000;

/// The log line for the operator if the store has a key set that `auth` has not signed.
const FORGED: &str = concat!(
    r#"{"level":"warn","message":"the verification keys in the key-value store (auth:jwks) are not "#,
    r#"signed by auth: something else has written them, or the variable keys_verifier is not that "#,
    r#"of the master key (tenantry keys)"}"#
);
const MISMATCH: &str = "auth signs with another key: set the variable keys_verifier \
    (SPIN_VARIABLE_KEYS_VERIFIER) to what `tenantry keys` prints for its master key";

/// Public keys by their ids.
type KeySet = HashMap<String, Arc<RS256PublicKey>>;

/// The key that verifies key sets: the variable `keys_verifier`, 32 bytes in base64.
struct Verifier(Ed25519PublicKey);

impl FromStr for Verifier {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let jwk = |x: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
        // A JWK has the same bytes in the URL alphabet of base64, without padding.
        let x = text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
        let plain = x.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let key = plain.then(|| Ed25519PublicKey::from_jwk(&jwk(&x)).ok()).flatten();
        key.map(Self).ok_or("is not the public half of an Ed25519 key, 32 bytes in base64")
    }
}

/// The reason why a document gives no keys.
#[derive(Debug, PartialEq, Eq)]
enum KeySetError {
    /// `auth` did not sign it, or `keys_verifier` does not belong to its master key.
    Forged,
    /// It is too old.
    Stale,
}

/// The document: a JWK Set for others (RFC 7517), and the same keys signed for gateways.
#[derive(Deserialize)]
struct Document {
    signed: String,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    keys: Vec<serde_json::Value>,
}

impl Verifier {
    /// The keys of a document. `now`, in milliseconds since the epoch, is given for a stored
    /// document, whose age is checked. A document that `auth` has just answered is current,
    /// whatever its clock says.
    fn read(&self, document: &[u8], now: Option<u64>) -> Result<KeySet, KeySetError> {
        let document: Document =
            serde_json::from_slice(document).map_err(|_| KeySetError::Forged)?;
        // The document has no expiry of its own.
        let options = VerificationOptions {
            accept_future: true,
            artificial_time: Some(UnixTimeStamp::from_millis(now.unwrap_or_default())),
            ..Default::default()
        };
        let claims = self
            .0
            .verify_token::<Signed>(&document.signed, Some(options))
            .map_err(|_| KeySetError::Forged)?;
        let made = claims.issued_at.ok_or(KeySetError::Forged)?.as_millis();
        // A document with a time in the future is accepted: a clock was set back.
        if now.is_some_and(|now| made + MAX_AGE_MS < now) {
            return Err(KeySetError::Stale);
        }
        let keys = claims.custom.keys.iter().filter_map(|jwk| {
            let id = jwk.get("kid")?.as_str()?.to_owned();
            Some((id, Arc::new(RS256PublicKey::from_jwk(&jwk.to_string()).ok()?)))
        });
        Ok(keys.collect())
    }
}

/// The published keys, as far as this gateway knows them.
pub(crate) struct Keys {
    /// Without it, no caller with a token is let in.
    verifier: Option<Verifier>,
    cached: Mutex<CachedKeys>,
}

#[derive(Default)]
struct CachedKeys {
    by_id: KeySet,
    /// When they were read, in milliseconds since the epoch.
    loaded: u64,
}

impl Keys {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        let verifier = settings.value("keys_verifier").await?;
        Ok(Self { verifier, cached: Mutex::default() })
    }

    /// The published key with this id. It is looked up again if it is unknown or a minute old.
    pub(crate) async fn find<P: Platform>(
        &self,
        platform: &P,
        id: &str,
        now: u64,
    ) -> Result<Option<Arc<RS256PublicKey>>, Error> {
        {
            let keys = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
            // If the clock was set back, then the age is unknown, and the keys are read again.
            let age = now.checked_sub(keys.loaded).unwrap_or(u64::MAX);
            let known = keys.by_id.get(id).cloned();
            if (known.is_some() && age < CACHE_MS) || (known.is_none() && age < REFRESH_MS) {
                return Ok(known);
            }
        }
        let unset = |why: &str| {
            Error::because(Code::ServiceUnavailable, format!("verification keys: {why}"))
        };
        let fault = |fault: Fault| unset(&format!("{fault:?}"));
        // The lock is not held here. Requests that come meanwhile read the keys too, so they are
        // not refused for a key that is being read.
        let Some(verifier) = &self.verifier else {
            return Err(unset("the variable keys_verifier is not set"));
        };
        let stored = match platform.get(entry::KEYS).await.map_err(fault)? {
            Some(document) => match verifier.read(&document, Some(now)) {
                Ok(keys) => Some(keys),
                Err(KeySetError::Stale) => None,
                Err(KeySetError::Forged) => {
                    platform.log(FORGED);
                    None
                }
            },
            None => None,
        };
        let by_id = match stored {
            Some(keys) if keys.contains_key(id) => keys,
            // The store has lost the set, or it has one from before a rotation.
            stored => match (platform.fetch_keys().await, stored) {
                (Ok(document), _) => verifier.read(&document, None).map_err(|_| unset(MISMATCH))?,
                (Err(_), Some(keys)) => keys,
                (Err(why), None) => return Err(fault(why)),
            },
        };
        let mut keys = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        *keys = CachedKeys { by_id, loaded: now };
        Ok(keys.by_id.get(id).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(issuer: &Ed25519KeyPair, ago: Duration) -> Vec<u8> {
        let mut claims = Claims::with_custom_claims(Signed { keys: Vec::new() }, ago);
        claims.expires_at = None;
        claims.issued_at = claims.issued_at.map(|now| now - ago);
        claims.invalid_before = claims.issued_at;
        let signed = issuer.sign(claims).expect("signed");
        serde_json::json!({ "keys": [], "signed": signed }).to_string().into_bytes()
    }

    fn verifier(issuer: &Ed25519KeyPair) -> Verifier {
        let jwk: serde_json::Value =
            serde_json::from_str(&issuer.public_key().to_jwk()).expect("JSON");
        let x = jwk["x"].as_str().expect("a key").replace('-', "+").replace('_', "/");
        format!("{x}=").parse().expect("a verifier")
    }

    #[test]
    fn a_set_is_of_its_issuer_and_of_now() {
        let issuer = Ed25519KeyPair::generate();
        let verifier = verifier(&issuer);
        let now = Clock::now_since_epoch().as_millis();
        let fresh = set(&issuer, Duration::from_secs(0));
        assert!(verifier.read(&fresh, Some(now)).is_ok_and(|keys| keys.is_empty()));
        assert!(verifier.read(&fresh, Some(now + MAX_AGE_MS - 10_000)).is_ok());
        assert_eq!(
            verifier.read(&fresh, Some(now + MAX_AGE_MS + 10_000)).err(),
            Some(KeySetError::Stale)
        );
        assert!(verifier.read(&fresh, Some(now - MAX_AGE_MS)).is_ok(), "a clock was set back");
        // The age of a fresh answer of `auth` is not checked.
        assert!(verifier.read(&set(&issuer, Duration::from_days(9)), None).is_ok());
        let other = set(&Ed25519KeyPair::generate(), Duration::from_secs(0));
        for forged in [&other[..], b"", b"{}", br#"{"keys":[]}"#, br#"{"keys":[],"signed":""}"#] {
            assert_eq!(verifier.read(forged, None).err(), Some(KeySetError::Forged));
        }
        let unsigned = String::from_utf8(fresh).expect("text");
        let cut = unsigned.rfind('.').expect("a signature");
        let unsigned = format!("{}.\"}}", &unsigned[..cut]);
        assert_eq!(verifier.read(unsigned.as_bytes(), None).err(), Some(KeySetError::Forged));
    }

    #[test]
    fn a_verifier_is_a_public_key() {
        let (zeros, short) = ("A".repeat(43), "A".repeat(10));
        for bad in ["", "x", &short, "\"", &format!("{zeros}A"), &"é".repeat(20)] {
            assert!(bad.parse::<Verifier>().is_err(), "{bad}");
        }
    }
}
