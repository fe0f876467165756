//! The secrets of an endpoint, sealed under the master key. The newest has no end; those before
//! it sign for a time of grace, so that receivers can change without a gap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{Code, Error, Internal, Scope, Seal, Value, id, now, problem};

use crate::signature::{self, Keys, SECRET};

/// Bytes of a secret that is made here.
const BYTES: usize = 32;
/// Bytes of the seed of the Ed25519 key, which stands before the secret.
const SEED: usize = 32;
/// The most secrets that sign at once.
const MOST: i64 = 5;

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
            sealed: seal.seal(&name(endpoint), &bytes)?,
        })
    }

    /// Makes it the one that signs; those before it end after `grace` milliseconds.
    pub(crate) fn install(&self, scope: &Scope<'_>, endpoint: &str, grace: i64) -> kit::Result<()> {
        let moment = now();
        let text = |text: &str| Value::Text(text.to_owned());
        scope.execute(
            "DELETE FROM webhook_secrets WHERE tenant_id = $1 AND endpoint_id = $2 \
             AND expires_at <= $3",
            [text(endpoint), Value::Integer(moment)],
        )?;
        scope.execute(
            "UPDATE webhook_secrets SET expires_at = $2 \
             WHERE tenant_id = $1 AND endpoint_id = $3 AND (expires_at IS NULL OR expires_at > $2)",
            [Value::Integer(moment + grace), text(endpoint)],
        )?;
        scope.execute_one(
            "INSERT INTO webhook_secrets (tenant_id, endpoint_id, id, sealed, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
            [text(endpoint), text(&id("whs")), text(&self.sealed), Value::Integer(moment)],
        )
    }
}

/// What signs now, the newest first.
pub(crate) fn load(scope: &Scope<'_>, seal: &Seal, endpoint: &str) -> kit::Result<Vec<Keys>> {
    let rows = scope.query(
        "SELECT sealed FROM webhook_secrets WHERE tenant_id = $1 AND endpoint_id = $2 \
         AND (expires_at IS NULL OR expires_at > $3) ORDER BY created_at DESC, id DESC LIMIT $4",
        [Value::Text(endpoint.to_owned()), Value::Integer(now()), Value::Integer(MOST)],
    )?;
    rows.into_iter().map(|mut row| keys(&seal.open(&name(endpoint), &row.text())?)).collect()
}

/// Takes them away with their endpoint.
pub(crate) fn forget(scope: &Scope<'_>, endpoint: &str) -> kit::Result<()> {
    let sql = "DELETE FROM webhook_secrets WHERE tenant_id = $1 AND endpoint_id = $2";
    scope.execute(sql, [Value::Text(endpoint.to_owned())]).map(drop)
}

/// What is wrong with a secret that a client brings.
pub(crate) fn invalid() -> Error {
    Error::violation("/secret", "INVALID_FORMAT", "Must be `whsec_` and 24 to 64 bytes in base64.")
}

/// What a sealed secret is bound to.
fn name(endpoint: &str) -> String {
    format!("webhook:{endpoint}")
}

fn keys(bytes: &[u8]) -> kit::Result<Keys> {
    let (seed, mac) = bytes.split_at_checked(SEED).ok_or("a secret is too short").internal()?;
    let seed = seed.try_into().map_err(|_| problem(Code::InternalError, "A seed is too short."))?;
    Ok(Keys::new(mac.to_vec(), seed))
}
