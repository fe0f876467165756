//! Random secrets, which are shown once and kept as a hash. They have 256 random bits, so even a
//! plain SHA-256 cannot be reversed. A slow hash would only slow the owner down.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Internal;
use sha2::{Digest, Sha256};

/// A new secret with a prefix that tells secret scanners what it is.
pub(crate) fn new(prefix: &str) -> kit::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).internal()?;
    Ok(format!("{prefix}_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// The stored form of a secret.
pub(crate) fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}
