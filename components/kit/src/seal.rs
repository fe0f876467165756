//! Encryption at rest: AES-256-GCM under the master key, or under a key derived from it (C-35).

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::{Call, Code, Envelope, Error, Internal, in_development};

/// The master key of a fresh checkout, as `spin.toml` has it, and the sealing key derived from it.
/// Both are public, so they are accepted in development only.
const PUBLIC: [&str; 2] = [
    "ZGV2ZWxvcG1lbnQgb25seSwgbmV2ZXIgZGVwbG95ISE=",
    "INFFpC2Wl1h1FQw7nv+2XcT9uc4AlGNci85bt7jbOXc=",
];
/// The prefix of text that a `sealing_key` has sealed. Text without it was sealed with the master
/// key.
const OWN: &str = "2.";
const NONCE: usize = 12;

/// The key with which this function seals: its `sealing_key` or, if it has none, the master key.
pub struct Seal {
    key: Vec<u8>,
    /// Whether the key is this function's own.
    own: bool,
    /// The master key, for text that older releases have sealed with it.
    before: Option<Vec<u8>>,
    development: bool,
}

impl Seal {
    /// Reads the Spin variables `sealing_key` and `sealing_key_before` or, without the first one,
    /// `master_key`. Each of them is 32 bytes in base64.
    ///
    /// # Errors
    /// `service-unavailable` if the key is missing, malformed or public. In development (the
    /// variable of this name) a public key is accepted, but every request that does not come
    /// straight from a program on this machine is refused, whatever the key.
    pub async fn load(call: &Call) -> crate::Result<Self> {
        let development = in_development();
        if development && !call.metadata.is_local {
            let cause = "development serves programs on this machine alone, and no proxy: set the \
                         variable master_key (SPIN_VARIABLE_MASTER_KEY) to `openssl rand -base64 \
                         32`, and leave development out";
            let message = "This server is in development and serves its own machine only.";
            return Err(Error {
                internal: Some(cause.to_owned()),
                ..Error::new(Code::ServiceUnavailable, message)
            });
        }
        let (key, own, before) = match variable("sealing_key").await? {
            Some(key) => (key, true, variable("sealing_key_before").await?),
            None => (master().await?, false, None),
        };
        Ok(Self { key, own, before, development })
    }

    /// Whether the operator has marked this installation as one for development.
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// A keyed digest as the name of a text. Nobody can read the text out of a store, or guess it,
    /// without the key.
    pub fn digest(&self, purpose: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("takes keys of any length");
        for piece in [purpose, text] {
            mac.update(piece.as_bytes());
            mac.update(&[0]);
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Seals `plain`. It opens only under the same `name`.
    ///
    /// # Errors
    /// `internal-error` if there is no randomness.
    pub fn seal(&self, name: &str, plain: &[u8]) -> crate::Result<String> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).internal()?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let cipher =
            cipher(&self.key).encrypt(&Nonce::from(nonce), payload).map_err(Error::internal)?;
        let mut sealed = nonce.to_vec();
        sealed.extend(cipher);
        let mark = if self.own { OWN } else { "" };
        Ok(format!("{mark}{}", STANDARD.encode(sealed)))
    }

    /// Opens a text that was sealed under `name`.
    ///
    /// # Errors
    /// `service-unavailable` if the key has changed; `internal-error` if the text is malformed.
    pub fn open(&self, name: &str, sealed: &str) -> crate::Result<Vec<u8>> {
        let (key, sealed) = match sealed.strip_prefix(OWN) {
            Some(sealed) => (&self.key, sealed),
            None if self.own => (self.before.as_ref().ok_or_else(of_the_master_key)?, sealed),
            None => (&self.key, sealed),
        };
        let bytes = STANDARD.decode(sealed).internal()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or("too short").internal()?;
        let payload = Payload { msg: sealed, aad: name.as_bytes() };
        cipher(key).decrypt(&Nonce::from(*nonce), payload).map_err(|_| {
            refused(
                "a secret cannot be decrypted: the variable master_key is not the \
                key that encrypted it",
            )
        })
    }
}

fn cipher(key: &[u8]) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(key).expect("a key has 32 bytes")
}

fn of_the_master_key() -> Error {
    refused(
        "a secret that an older release encrypted with the master key cannot be decrypted: set the \
         variable \
         sealing_key_before (SPIN_VARIABLE_SEALING_KEY_BEFORE) to the master key",
    )
}

/// Receipts of this function. Their answers hold tokens and secrets, so they are sealed. The
/// fingerprint of a body with a password is keyed. Otherwise a reader of the table could guess the
/// password.
impl Envelope for Seal {
    fn fingerprint(&self, fingerprint: &str) -> String {
        // The old key is used as long as receipts of an older release exist.
        let key = self.before.as_ref().unwrap_or(&self.key);
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("takes keys of any length");
        mac.update(b"idempotency-fingerprint:");
        mac.update(fingerprint.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    fn seal(&self, name: &str, body: &[u8]) -> crate::Result<String> {
        Self::seal(self, &format!("receipt:{name}"), body)
    }

    fn open(&self, name: &str, kept: String) -> crate::Result<Vec<u8>> {
        Self::open(self, &format!("receipt:{name}"), &kept)
    }
}

/// A key of its own for one purpose (HKDF-SHA256, RFC 5869). It reveals neither the master key nor
/// the key of another purpose. `host/src/preflight/keys.rs` derives the same keys.
///
/// # Errors
/// As [`Seal::load`], but without the check of the caller, because no request is served with it.
pub async fn derived(purpose: &str) -> crate::Result<[u8; 32]> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, &master().await?)
        .expand(format!("tenantry {purpose}").as_bytes(), &mut key)
        .map_err(Error::internal)?;
    Ok(key)
}

async fn master() -> crate::Result<Vec<u8>> {
    variable("master_key").await?.ok_or_else(|| refused("the variable master_key is not set"))
}

/// A key from a Spin variable; `None` if the variable is empty or the function does not have it.
async fn variable(name: &str) -> crate::Result<Option<Vec<u8>>> {
    let text = spin_sdk::variables::get(name).await.unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if PUBLIC.contains(&text) && !in_development() {
        return Err(refused(&format!(
            "{name} is that of a fresh checkout, which is public: set the variable master_key \
             (SPIN_VARIABLE_MASTER_KEY) to `openssl rand -base64 32` and, on Spin, what \
             `tenantry keys` prints for it; or, on your own machine, development \
             (SPIN_VARIABLE_DEVELOPMENT) to true"
        )));
    }
    let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 32);
    bytes
        .map(Some)
        .ok_or_else(|| refused(&format!("the variable {name} is not 32 bytes in base64")))
}

fn refused(cause: &str) -> Error {
    Error {
        internal: Some(cause.to_owned()),
        ..Error::new(Code::ServiceUnavailable, "The master key is not set up.")
    }
}
