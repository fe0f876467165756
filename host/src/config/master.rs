//! The master key of a server, from which others are derived.

use crate::config::variables::Variables;
use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The master key of a fresh checkout, as `components/kit/src/seal.rs` has it.
const PUBLIC_MASTER_KEY: &[u8; 32] = b"development only, never deploy!!";
/// The variable with the key.
pub(crate) const MASTER_KEY: &str = "master_key";
/// The advice how to make a key of one's own.
pub(crate) const MASTER_KEY_ADVICE: &str =
    "set SPIN_VARIABLE_MASTER_KEY to the output of `openssl rand -base64 32`";

/// The master key of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Master {
    /// A key of the operator's own.
    Own([u8; 32]),
    /// The public key that is in every checkout.
    Public,
}

impl Master {
    /// The key; `None` when the manifest has no such variable.
    pub(crate) fn of(variables: &Variables) -> anyhow::Result<Option<Self>> {
        variables.get(MASTER_KEY).map(Self::read).transpose()
    }

    /// Reads a key from its text in base64.
    pub(crate) fn read(text: &str) -> anyhow::Result<Self> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        let bytes: [u8; 32] = bytes.with_context(|| {
            format!("variable {MASTER_KEY}: is not 32 bytes in base64; {MASTER_KEY_ADVICE}")
        })?;
        Ok(if bytes == *PUBLIC_MASTER_KEY { Self::Public } else { Self::Own(bytes) })
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Public => PUBLIC_MASTER_KEY,
        }
    }
}
