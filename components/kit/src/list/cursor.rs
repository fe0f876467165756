//! Cursors: the places where a list goes on. A cursor is sealed, and bound to the tenant, the
//! collection, the filters and the order. So it works for no other list (K-25), and nobody can read
//! its content. A readable position in a feed, for example, would tell how much all tenants write.

use crate::Value;
use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One nonce for all cursors. AES-GCM-SIV tolerates it (RFC 8452 section 1): equal places give
/// equal cursors, and nothing else is revealed. So the same page always has the same cursor.
const NONCE: [u8; 12] = [0; 12];

/// A row, and the direction in which the list goes on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The values of the sort keys of that row.
    pub keys: Vec<Value>,
    /// Whether to go towards the beginning.
    pub backwards: bool,
}

/// The position that a cursor leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Resume {
    /// Behind a row.
    At(Position),
    /// After this many rows: `{"offset":100}` in base64. It needs no seal.
    Offset(usize),
}

/// The list that a cursor is bound to, and the secret that seals it.
pub struct Bound<'a> {
    /// The secret from which the sealing key is derived.
    pub secret: &'a [u8],
    /// The tenant.
    pub tenant: &'a str,
    /// The collection.
    pub collection: &'a str,
    /// Filters and order.
    pub fingerprint: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Body {
    k: Vec<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    b: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    offset: u32,
}

impl Bound<'_> {
    /// The cursor that leads behind a row.
    pub fn cursor(&self, position: &Position) -> String {
        let body = Body { k: position.keys.clone(), b: position.backwards };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let payload = Payload { msg: &body, aad: &self.bound_to() };
        let sealed = self.cipher().encrypt(&Nonce::from(NONCE), payload);
        URL_SAFE_NO_PAD.encode(sealed.unwrap_or_default())
    }

    /// Reads a cursor; `None` if it was not made for this list. `keys` is the number of sort keys
    /// of the list.
    pub fn read(&self, text: &str, keys: usize) -> Option<Resume> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        if let Ok(Plain { offset }) = serde_json::from_slice(&bytes) {
            return Some(Resume::Offset(usize::try_from(offset).ok()?));
        }
        let payload = Payload { msg: &bytes, aad: &self.bound_to() };
        let body = self.cipher().decrypt(&Nonce::from(NONCE), payload).ok()?;
        let body: Body = serde_json::from_slice(&body).ok()?;
        let position = Position { keys: body.k, backwards: body.b };
        (position.keys.len() == keys).then_some(Resume::At(position))
    }

    /// The cursor that leads after this many rows.
    pub fn offset(offset: usize) -> String {
        URL_SAFE_NO_PAD.encode(format!("{{\"offset\":{offset}}}"))
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&Sha256::digest(self.secret))
    }

    /// The associated data of the seal. It must be the same when the cursor comes back.
    fn bound_to(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in [self.tenant, self.collection, self.fingerprint] {
            bytes.extend((piece.len() as u64).to_be_bytes());
            bytes.extend(piece.as_bytes());
        }
        bytes
    }
}
