//! Cursors, sealed and bound to their list and tenant as those of the bundle are. They use the
//! bundle's key, so that the baseline and the bundle read each other's cursors.

use aes_gcm_siv::aead::{Aead as _, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, internal, problem};

/// The same nonce for all cursors, as in the bundle.
const NONCE: [u8; 12] = [0; 12];

/// The cipher that seals cursors.
pub(super) struct Sealer(Aes256GcmSiv);

/// The row after which a page begins, in the order of ids.
pub(super) struct Place {
    pub(super) id: String,
    /// Whether the page leads towards the beginning.
    pub(super) backwards: bool,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    k: (String,),
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    b: bool,
}

impl Sealer {
    /// A sealer with the key of the database.
    pub(super) fn new(key: &str) -> Self {
        Self(Aes256GcmSiv::new(&Sha256::digest(key)))
    }

    /// Makes a cursor that leads to the rows after a row.
    pub(super) fn seal(&self, tenant: &str, place: Place) -> Result<String, Problem> {
        let cursor = Cursor { k: (place.id,), b: place.backwards };
        let msg = serde_json::to_vec(&cursor).map_err(internal)?;
        let payload = Payload { msg: &msg, aad: &bound_to(tenant) };
        let sealed = self.0.encrypt(&Nonce::from(NONCE), payload).map_err(internal)?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The place to which a cursor of this tenant leads.
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

/// The data to which a cursor is bound: the list and the tenant. There is no filter or order to
/// add.
fn bound_to(tenant: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in [tenant, "projects", ""] {
        bytes.extend((piece.len() as u64).to_be_bytes());
        bytes.extend(piece.as_bytes());
    }
    bytes
}
