//! Cursors: where a list goes on. Opaque and signed, and bound to the tenant, the collection,
//! the filters and the order, so that none is good for another list (K-25).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::Literal;

/// Bytes of the tag: 128 bits.
const TAG: usize = 16;

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
    /// After so many rows: the seeds' `{"offset":100}`, which needs no signature.
    Offset(usize),
}

/// What a cursor is bound to.
pub struct Bound<'a> {
    /// The key that signs.
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
    t: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    offset: u32,
}

impl Bound<'_> {
    /// The cursor that leads behind a row.
    pub fn cursor(&self, place: &Place) -> String {
        let body = Body { k: place.keys.clone(), b: place.backwards, t: self.tag(place) };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&body).unwrap_or_default())
    }

    /// Where a cursor leads; `None` when it was not made for this list. `keys` is how many
    /// sort keys the list has.
    pub fn read(&self, text: &str, keys: usize) -> Option<Resume> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        if let Ok(Plain { offset }) = serde_json::from_slice(&bytes) {
            return Some(Resume::Offset(usize::try_from(offset).ok()?));
        }
        let body: Body = serde_json::from_slice(&bytes).ok()?;
        let place = Place { keys: body.k, backwards: body.b };
        let tag = URL_SAFE_NO_PAD.decode(body.t).ok()?;
        let genuine = self.mac(&place)?.verify_truncated_left(&tag).is_ok() && tag.len() == TAG;
        (genuine && place.keys.len() == keys).then_some(Resume::At(place))
    }

    /// The cursor that leads after so many rows.
    pub fn offset(offset: usize) -> String {
        URL_SAFE_NO_PAD.encode(format!("{{\"offset\":{offset}}}"))
    }

    fn tag(&self, place: &Place) -> String {
        let tag = self.mac(place).map(|mac| mac.finalize().into_bytes());
        tag.map(|tag| URL_SAFE_NO_PAD.encode(&tag[..TAG])).unwrap_or_default()
    }

    fn mac(&self, place: &Place) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret).ok()?;
        let keys = serde_json::to_string(&place.keys).ok()?;
        let direction = if place.backwards { "backwards" } else { "forwards" };
        for piece in [self.tenant, self.collection, self.fingerprint, &keys, direction] {
            mac.update(&(piece.len() as u64).to_be_bytes());
            mac.update(piece.as_bytes());
        }
        Some(mac)
    }
}
