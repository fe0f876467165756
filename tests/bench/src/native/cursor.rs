//! Cursors, bound to their list and tenant as those of the bundle are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::problem::{Problem, problem};

const TAG: usize = 8;

/// Where the page after `key` begins.
pub(super) fn encode(tenant: &str, key: &str) -> String {
    let mut bytes = tag(tenant, key).to_vec();
    bytes.extend_from_slice(key.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The key in a cursor of this tenant.
pub(super) fn decode(tenant: &str, text: &str) -> Result<String, Problem> {
    let key = || {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (found, key) = bytes.split_at_checked(TAG)?;
        let key = std::str::from_utf8(key).ok()?;
        (found == tag(tenant, key)).then(|| key.to_owned())
    };
    key().ok_or_else(|| problem(400, "invalid_cursor", "The cursor does not belong to this list."))
}

fn tag(tenant: &str, key: &str) -> [u8; TAG] {
    let mut hash = Sha256::new();
    for piece in ["projects", tenant, key] {
        // Lengths as the function writes them.
        hash.update((piece.len() as u64).to_be_bytes());
        hash.update(piece);
    }
    let mut tag = [0; TAG];
    tag.copy_from_slice(&hash.finalize()[..TAG]);
    tag
}
