//! What deliveries to an endpoint are signed with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{Code, Error, Internal, Scope, Seal, problem};

use crate::rotating::Rotating;
use crate::signature::{self, Keys, SECRET};

/// Bytes of a secret that is made here.
const BYTES: usize = 32;
/// Bytes of the seed of the Ed25519 key, which stands before the secret.
const SEED: usize = 32;

pub(crate) const SECRETS: Rotating = Rotating {
    table: "webhook_secrets",
    owner: "endpoint_id",
    prefix: "whs",
    sealed_as: "webhook",
};

/// A secret that was just made.
pub(crate) struct Fresh {
    /// `whsec_…`
    pub(crate) text: String,
    /// `whpk_…`
    pub(crate) public: String,
    sealed: String,
}

impl Fresh {
    /// Of what the client brings, or of chance.
    pub(crate) fn make(seal: &Seal, endpoint: &str, given: Option<&str>) -> kit::Result<Self> {
        let mut bytes = vec![0; SEED + BYTES];
        getrandom::fill(&mut bytes).internal()?;
        if let Some(given) = given {
            let given = signature::decode(given).ok_or_else(invalid)?;
            bytes.truncate(SEED);
            bytes.extend(given);
        }
        Ok(Self {
            text: format!("{SECRET}{}", STANDARD.encode(&bytes[SEED..])),
            public: keys(&bytes)?.public(),
            sealed: SECRETS.seal(seal, endpoint, &bytes)?,
        })
    }

    /// Makes it the one that signs; those before it end after `grace` milliseconds.
    pub(crate) fn install(&self, scope: &Scope<'_>, endpoint: &str, grace: i64) -> kit::Result<()> {
        SECRETS.install(scope, endpoint, &self.sealed, grace)
    }
}

/// What signs now, the newest first.
pub(crate) fn load(scope: &Scope<'_>, seal: &Seal, endpoint: &str) -> kit::Result<Vec<Keys>> {
    SECRETS.load(scope, seal, endpoint)?.iter().map(|bytes| keys(bytes)).collect()
}

/// What is wrong with a secret that a client brings.
pub(crate) fn invalid() -> Error {
    Error::violation("/secret", "INVALID_FORMAT", "Must be `whsec_` and 24 to 64 bytes in base64.")
}

fn keys(bytes: &[u8]) -> kit::Result<Keys> {
    let (seed, mac) = bytes.split_at_checked(SEED).ok_or("a secret is too short").internal()?;
    let seed = seed.try_into().map_err(|_| problem(Code::InternalError, "A seed is too short."))?;
    Ok(Keys::new(mac.to_vec(), seed))
}
