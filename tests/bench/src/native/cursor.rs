//! Cursors, sealed and bound to their list and tenant as those of the bundle are: with its
//! key, so that each of the two reads what the other has made.

use aes_gcm_siv::aead::{Aead as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, internal, problem};

/// One for all, as the bundle has it.
const NONCE: [u8; 12] = [0; 12];

/// What seals cursors.
pub(super) struct Sealer(Aes256GcmSiv);

/// A row to go on behind, in the order of ids.
pub(super) struct Place {
    pub(super) id: String,
    /// Towards the beginning.
    pub(super) backwards: bool,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    k: (String,),
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    b: bool,
}

impl Sealer {
    /// With the key of the database.
    pub(super) fn new(key: &str) -> Self {
        Self(Aes256GcmSiv::new(&Sha256::digest(key)))
    }

    /// Leads behind a row.
    pub(super) fn seal(&self, tenant: &str, place: Place) -> Result<String, Problem> {
        let cursor = Cursor { k: (place.id,), b: place.backwards };
        let msg = serde_json::to_vec(&cursor).map_err(internal)?;
        let payload = Payload { msg: &msg, aad: &bound_to(tenant) };
        let sealed = self.0.encrypt(&Nonce::from(NONCE), payload).map_err(internal)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Where a cursor of this tenant leads.
    pub(super) fn read(&self, tenant: &str, text: &str) -> Result<Place, Problem> {
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let payload = Payload { msg: &bytes, aad: &bound_to(tenant) };
            let body = self.0.decrypt(&Nonce::from(NONCE), payload).ok()?;
            let Cursor { k, b } = serde_json::from_slice(&body).ok()?;
            Some(Place { id: k.0, backwards: b })
        };
        place().ok_or_else(|| {
            problem(400, "invalid_cursor", "The cursor does not belong to this list.")
        })
    }
}

/// There is neither a filter nor an order to name behind the list.
fn bound_to(tenant: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in [tenant, "projects", ""] {
        bytes.extend((piece.len() as u64).to_be_bytes());
        bytes.extend(piece.as_bytes());
    }
    bytes
}
