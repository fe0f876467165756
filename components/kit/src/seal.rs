//! Encryption at rest: AES-256-GCM under the master key (C-35).

use std::net::IpAddr;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{Call, Code, Envelope, Error, Internal, problem};

/// The master key of a fresh checkout, as `spin.toml` has it. It is public: it serves only
/// requests from this very machine.
const DEVELOPMENT: &str = "ZGV2ZWxvcG1lbnQgb25seSwgbmV2ZXIgZGVwbG95ISE=";
const NONCE: usize = 12;

/// The master key.
pub struct Seal {
    cipher: Aes256Gcm,
    key: Vec<u8>,
    development: bool,
}

impl Seal {
    /// Reads the Spin variable `master_key`: 32 bytes in base64.
    ///
    /// # Errors
    /// `service-unavailable` when it is missing, malformed, or the development key on a
    /// request that does not come from the loopback address.
    pub async fn load(call: &Call) -> crate::Result<Self> {
        let text = spin_sdk::variables::get("master_key").await.internal()?;
        let address = call.header("x-client-address").and_then(|ip| ip.parse::<IpAddr>().ok());
        let local = address.is_some_and(|ip| ip.to_canonical().is_loopback());
        if text.trim() == DEVELOPMENT && !local {
            return Err(refused(
                "the development master key serves loopback only: set the variable master_key \
                 (SPIN_VARIABLE_MASTER_KEY) to `openssl rand -base64 32`",
            ));
        }
        let bytes = STANDARD.decode(text.trim()).unwrap_or_default();
        if bytes.len() != 32 {
            return Err(refused("the variable master_key is not 32 bytes in base64"));
        }
        let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(&bytes));
        Ok(Self { cipher, key: bytes, development: text.trim() == DEVELOPMENT })
    }

    /// Whether the master key is that of a fresh checkout, so that nothing here is for real.
    pub fn is_development(&self) -> bool {
        self.development
    }

    /// A name for a text that must not be read out of a store, nor guessed without the key.
    pub fn digest(&self, purpose: &str, text: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("takes keys of any length");
        for piece in [purpose, text] {
            mac.update(piece.as_bytes());
            mac.update(&[0]);
        }
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Seals `plain` so that it opens only as `name`.
    ///
    /// # Errors
    /// `internal-error` when there is no randomness.
    pub fn seal(&self, name: &str, plain: &[u8]) -> crate::Result<String> {
        let mut sealed = vec![0; NONCE];
        getrandom::fill(&mut sealed).internal()?;
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let cipher =
            self.cipher.encrypt(Nonce::from_slice(&sealed), payload).map_err(Error::internal)?;
        sealed.extend(cipher);
        Ok(STANDARD.encode(sealed))
    }

    /// Opens what was sealed as `name`.
    ///
    /// # Errors
    /// `service-unavailable` when the master key is another one now.
    pub fn open(&self, name: &str, sealed: &str) -> crate::Result<Vec<u8>> {
        let bytes = STANDARD.decode(sealed).internal()?;
        let (nonce, cipher) = bytes.split_at_checked(NONCE).ok_or("too short").internal()?;
        let payload = Payload { msg: cipher, aad: name.as_bytes() };
        self.cipher
            .decrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| refused("what was sealed does not open: the variable master_key is not the one that sealed it"))
    }
}

/// Receipts of this function: their answers hold tokens and secrets, and a plain fingerprint
/// of a body with a password would let whoever reads the table guess it.
impl Envelope for Seal {
    fn fingerprint(&self, fingerprint: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("takes keys of any length");
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

fn refused(cause: &str) -> Error {
    Error {
        internal: Some(cause.to_owned()),
        ..problem(Code::ServiceUnavailable, "The master key is not set up.")
    }
}
