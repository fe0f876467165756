//! Seals and opens values as `auth` does, for tests that need the issuer's key.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};

/// Opens a value that is sealed with AES-256-GCM and has the nonce in front.
pub fn open(master: &[u8], name: &str, sealed: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(master).unwrap();
    let (nonce, sealed) = sealed.split_first_chunk::<12>().unwrap();
    let payload = Payload { msg: sealed, aad: name.as_bytes() };
    cipher.decrypt(&Nonce::from(*nonce), payload).unwrap()
}

/// Seals a value so that [`open`] opens it.
pub fn seal(master: &[u8], name: &str, plain: &[u8]) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(master).unwrap();
    let nonce: [u8; 12] = std::array::from_fn(|_| fastrand::u8(..));
    let payload = Payload { msg: plain, aad: name.as_bytes() };
    [&nonce[..], &cipher.encrypt(&Nonce::from(nonce), payload).unwrap()].concat()
}
