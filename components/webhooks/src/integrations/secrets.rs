//! The secrets of an integration, sealed under the master key. The newest has no end; those
//! before it are good for a time of grace, so that the provider can change without a gap.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::{Error, Internal, Scope, Seal, Value, id, now};

use crate::inbound::Provider;
use crate::signature::SECRET;

/// Bytes of a secret that is made here.
const BYTES: usize = 32;
/// The most secrets that are good at once.
const MOST: i64 = 5;

/// A secret that was just made, or that a client has brought.
pub(crate) struct Fresh {
    /// As the provider writes it.
    pub(crate) text: String,
    sealed: String,
}

impl Fresh {
    /// Of what the client brings, or of chance.
    ///
    /// # Errors
    /// 422 for a secret that the provider would not sign with.
    pub(crate) fn make(
        seal: &Seal,
        provider: Provider,
        integration: &str,
        given: Option<&str>,
    ) -> kit::Result<Self> {
        let text = match given {
            Some(given) => given.to_owned(),
            None => {
                let mut bytes = [0; BYTES];
                getrandom::fill(&mut bytes).internal()?;
                format!("{SECRET}{}", STANDARD.encode(bytes))
            }
        };
        if provider.key(&text).is_none() {
            let message = "Must be of visible ASCII characters; of STANDARD_WEBHOOKS and TENANTRY, \
                           `whsec_` and 24 to 64 bytes in base64.";
            return Err(Error::violation("/secret", "INVALID_FORMAT", message));
        }
        let sealed = seal.seal(&name(integration), text.as_bytes())?;
        Ok(Self { text, sealed })
    }

    /// Makes it the newest; those before it end after `grace` milliseconds.
    pub(crate) fn install(
        &self,
        scope: &Scope<'_>,
        integration: &str,
        grace: i64,
    ) -> kit::Result<()> {
        let moment = now();
        let text = |text: &str| Value::Text(text.to_owned());
        scope.execute(
            "DELETE FROM integration_secrets WHERE tenant_id = $1 AND integration_id = $2 \
             AND expires_at <= $3",
            [text(integration), Value::Integer(moment)],
        )?;
        scope.execute(
            "UPDATE integration_secrets SET expires_at = $2 WHERE tenant_id = $1 \
             AND integration_id = $3 AND (expires_at IS NULL OR expires_at > $2)",
            [Value::Integer(moment + grace), text(integration)],
        )?;
        scope.execute_one(
            "INSERT INTO integration_secrets (tenant_id, integration_id, id, sealed, created_at) \
             VALUES ($1, $2, $3, $4, $5)",
            [text(integration), text(&id("ins")), text(&self.sealed), Value::Integer(moment)],
        )
    }
}

/// Those that are good now, the newest first.
pub(crate) fn load(scope: &Scope<'_>, seal: &Seal, integration: &str) -> kit::Result<Vec<String>> {
    let rows = scope.query(
        "SELECT sealed FROM integration_secrets WHERE tenant_id = $1 AND integration_id = $2 \
         AND (expires_at IS NULL OR expires_at > $3) ORDER BY created_at DESC, id DESC LIMIT $4",
        [Value::Text(integration.to_owned()), Value::Integer(now()), Value::Integer(MOST)],
    )?;
    let open =
        |sealed: String| String::from_utf8(seal.open(&name(integration), &sealed)?).internal();
    rows.into_iter().map(|mut row| open(row.text())).collect()
}

/// Takes them away with their integration.
pub(crate) fn forget(scope: &Scope<'_>, integration: &str) -> kit::Result<()> {
    let sql = "DELETE FROM integration_secrets WHERE tenant_id = $1 AND integration_id = $2";
    scope.execute(sql, [Value::Text(integration.to_owned())]).map(drop)
}

/// What a sealed secret is bound to.
fn name(integration: &str) -> String {
    format!("integration:{integration}")
}
