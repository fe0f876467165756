//! The signing secrets of endpoints.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use kit::{Code, Error, Internal, RotatingSecrets, Scope, Seal, signing_secret};

use crate::signature::Keys;

/// The length of a generated secret, in bytes.
const BYTES: usize = 32;
/// The length of the seed of the Ed25519 key, in bytes. The seed is kept in front of the secret.
const SEED: usize = 32;

pub(crate) const SECRETS: RotatingSecrets = RotatingSecrets {
    table: "webhook_secrets",
    owner: "endpoint_id",
    prefix: "whs",
    sealed_as: "webhook",
};

/// A new secret, generated or given by the client.
pub(crate) struct NewSecret {
    /// `whsec_…`
    pub(crate) text: String,
    /// `whpk_…`
    pub(crate) public: String,
    sealed: String,
}

impl NewSecret {
    /// Makes a secret from the one that the client gives, or at random if it gives none.
    pub(crate) fn make(seal: &Seal, endpoint: &str, given: Option<&str>) -> kit::Result<Self> {
        let mut bytes = vec![0; SEED + BYTES];
        getrandom::fill(&mut bytes).internal()?;
        if let Some(given) = given {
            let given = signing_secret::decode(given).ok_or_else(invalid)?;
            bytes.truncate(SEED);
            bytes.extend(given);
        }
        Ok(Self {
            text: format!("{}{}", signing_secret::PREFIX, STANDARD.encode(&bytes[SEED..])),
            public: keys(&bytes)?.public(),
            sealed: SECRETS.seal(seal, endpoint, &bytes)?,
        })
    }

    /// Makes this secret the newest. The ones before it end after `grace` milliseconds.
    pub(crate) fn install(&self, scope: &Scope<'_>, endpoint: &str, grace: i64) -> kit::Result<()> {
        SECRETS.install(scope, endpoint, &self.sealed, grace)
    }
}

/// The keys that sign now, the newest first.
pub(crate) fn load(scope: &Scope<'_>, seal: &Seal, endpoint: &str) -> kit::Result<Vec<Keys>> {
    SECRETS.load(scope, seal, endpoint)?.iter().map(|bytes| keys(bytes)).collect()
}

/// The error for a secret of the client that has the wrong format.
pub(crate) fn invalid() -> Error {
    Error::violation("/secret", "INVALID_FORMAT", "Must be `whsec_` and 24 to 64 bytes in base64.")
}

fn keys(bytes: &[u8]) -> kit::Result<Keys> {
    let (seed, mac) = bytes.split_at_checked(SEED).ok_or("a secret is too short").internal()?;
    let seed =
        seed.try_into().map_err(|_| Error::new(Code::InternalError, "A seed is too short."))?;
    Ok(Keys::new(mac.to_vec(), seed))
}
