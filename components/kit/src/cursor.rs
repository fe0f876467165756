//! Keyset pagination: a cursor says after which row a page begins (A-43, K-25). It is
//! opaque, and bound to its list and tenant: another list's or tenant's is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Call, Code, Error, problem};

const DEFAULT_LIMIT: usize = 50;
const TAG: usize = 8;

/// A place in a list.
pub struct Cursor<'a> {
    list: &'static str,
    tenant: &'a str,
    /// The key of the last row seen.
    pub after: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

/// A page of a list, in the native representation.
#[derive(Serialize)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; `None` after the last.
    pub next_cursor: Option<String>,
}

impl<'a> Cursor<'a> {
    /// The place that `cursor` and `limit` of the query name, in a list of the caller's
    /// tenant.
    ///
    /// # Errors
    /// `invalid-cursor`.
    pub fn of(call: &'a Call, list: &'static str) -> Result<Self, Error> {
        let tenant = &call.caller()?.tenant;
        // The contract has checked that it is a number in range.
        let limit = call.query("limit").and_then(|n| n.parse().ok()).unwrap_or(DEFAULT_LIMIT);
        let mut cursor = Self { list, tenant, after: None, limit };
        if let Some(text) = call.query("cursor") {
            let invalid = || {
                problem(
                    Code::InvalidCursor,
                    "The cursor does not belong to this list; take next_cursor of its last page, or none.",
                )
            };
            cursor.after = Some(cursor.decode(text).ok_or_else(invalid)?);
        }
        Ok(cursor)
    }

    /// The cursor that continues after `key`.
    pub fn next(&self, key: &str) -> String {
        let mut bytes = self.tag(key);
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn decode(&self, text: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, key) = bytes.split_at_checked(TAG)?;
        let key = std::str::from_utf8(key).ok()?;
        (tag == self.tag(key)).then(|| key.to_owned())
    }

    fn tag(&self, key: &str) -> Vec<u8> {
        let mut hash = Sha256::new();
        for piece in [self.list, self.tenant, key] {
            hash.update((piece.len() as u64).to_be_bytes());
            hash.update(piece);
        }
        hash.finalize()[..TAG].to_vec()
    }
}
