//! Cursors: where a list goes on. Sealed, and bound to the tenant, the collection, the filters
//! and the order, so that none is good for another list (K-25) and nobody reads what it holds:
//! the place in a feed, for one, would tell how much all tenants write.

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Literal;

/// AES-GCM-SIV bears one nonce for all (RFC 8452 section 1): it tells equal places, and nothing
/// else. So the same page has the same cursor.
const NONCE: [u8; 12] = [0; 12];

/// A row to go on behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The values of the sort keys of that row.
    pub keys: Vec<Literal>,
    /// Whether to go towards the beginning.
    pub backwards: bool,
}

/// Where a cursor leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Resume {
    /// Behind a row.
    At(Place),
    /// After so many rows: `{"offset":100}` in base64, which needs no seal.
    Offset(usize),
}

/// What a cursor is bound to.
pub struct Bound<'a> {
    /// What the key that seals is made of.
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
    k: Vec<Literal>,
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
    pub fn cursor(&self, place: &Place) -> String {
        let body = Body { k: place.keys.clone(), b: place.backwards };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let payload = Payload { msg: &body, aad: &self.bound_to() };
        let sealed = self.cipher().encrypt(&Nonce::from(NONCE), payload);
        URL_SAFE_NO_PAD.encode(sealed.unwrap_or_default())
    }

    /// Where a cursor leads; `None` when it was not made for this list. `keys` is how many
    /// sort keys the list has.
    pub fn read(&self, text: &str, keys: usize) -> Option<Resume> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        if let Ok(Plain { offset }) = serde_json::from_slice(&bytes) {
            return Some(Resume::Offset(usize::try_from(offset).ok()?));
        }
        let payload = Payload { msg: &bytes, aad: &self.bound_to() };
        let body = self.cipher().decrypt(&Nonce::from(NONCE), payload).ok()?;
        let body: Body = serde_json::from_slice(&body).ok()?;
        let place = Place { keys: body.k, backwards: body.b };
        (place.keys.len() == keys).then_some(Resume::At(place))
    }

    /// The cursor that leads after so many rows.
    pub fn offset(offset: usize) -> String {
        URL_SAFE_NO_PAD.encode(format!("{{\"offset\":{offset}}}"))
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new(&Sha256::digest(self.secret))
    }

    /// What must be the same when the cursor comes back.
    fn bound_to(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in [self.tenant, self.collection, self.fingerprint] {
            bytes.extend((piece.len() as u64).to_be_bytes());
            bytes.extend(piece.as_bytes());
        }
        bytes
    }
}
