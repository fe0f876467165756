//! Cursors, signed and bound to their list and tenant as those of the bundle are: with its
//! key, so that each of the two reads what the other has made.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::problem::{Problem, internal, problem};

/// Bytes of the tag.
const TAG: usize = 16;

/// What signs cursors.
pub(super) struct Signer(Hmac<Sha256>);

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
    t: String,
}

impl Signer {
    /// With the key of the database.
    pub(super) fn new(key: &str) -> anyhow::Result<Self> {
        Ok(Self(Hmac::new_from_slice(key.as_bytes())?))
    }

    /// Leads behind a row.
    pub(super) fn sign(&self, tenant: &str, place: Place) -> Result<String, Problem> {
        let key = (place.id,);
        let tag = self.mac(tenant, &key, place.backwards)?.finalize().into_bytes();
        let cursor = Cursor { k: key, b: place.backwards, t: URL_SAFE_NO_PAD.encode(&tag[..TAG]) };
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).map_err(internal)?))
    }

    /// Where a cursor of this tenant leads.
    pub(super) fn read(&self, tenant: &str, text: &str) -> Result<Place, Problem> {
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let Cursor { k, b, t } = serde_json::from_slice(&bytes).ok()?;
            let tag = URL_SAFE_NO_PAD.decode(t).ok().filter(|tag| tag.len() == TAG)?;
            self.mac(tenant, &k, b).ok()?.verify_truncated_left(&tag).ok()?;
            Some(Place { id: k.0, backwards: b })
        };
        place().ok_or_else(|| {
            problem(400, "invalid_cursor", "The cursor does not belong to this list.")
        })
    }

    fn mac(&self, tenant: &str, key: &(String,), back: bool) -> Result<Hmac<Sha256>, Problem> {
        let mut mac = self.0.clone();
        let key = serde_json::to_string(key).map_err(internal)?;
        let direction = if back { "backwards" } else { "forwards" };
        // There is neither a filter nor an order to name between the list and the key.
        for piece in [tenant, "projects", "", &key, direction] {
            mac.update(&(piece.len() as u64).to_be_bytes());
            mac.update(piece.as_bytes());
        }
        Ok(mac)
    }
}
