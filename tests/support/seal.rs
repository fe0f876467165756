//! Opens what `auth` sealed, for tests that need the issuer's key.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};

/// AES-256-GCM with the nonce in front.
pub fn open(master: &[u8], name: &str, sealed: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(master));
    let payload = Payload { msg: &sealed[12..], aad: name.as_bytes() };
    cipher.decrypt(Nonce::from_slice(&sealed[..12]), payload).unwrap()
}
