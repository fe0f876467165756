//! The secrets with which the providers of integrations sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use kit::{Error, Internal, RotatingSecrets, Scope, Seal, signing_secret};

use crate::inbound::Provider;

/// The length of a generated secret, in bytes.
const BYTES: usize = 32;

pub(crate) const SECRETS: RotatingSecrets = RotatingSecrets {
    table: "integration_secrets",
    owner: "integration_id",
    prefix: "ins",
    sealed_as: "integration",
};

/// A new secret, generated or given by the client.
pub(crate) struct NewSecret {
    /// The secret in the form that the provider uses.
    pub(crate) text: String,
    sealed: String,
}

impl NewSecret {
    /// Makes a secret from the one that the client gives, or at random if it gives none.
    ///
    /// # Errors
    /// 422 if the provider could not sign with this secret.
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
                format!("{}{}", signing_secret::PREFIX, STANDARD.encode(bytes))
            }
        };
        if provider.key(&text).is_none() {
            let message = match provider {
                Provider::StandardWebhooks | Provider::Tenantry => {
                    "Must be `whsec_` and 24 to 64 bytes in base64."
                }
                Provider::Stripe | Provider::Slack => "Must be of visible ASCII characters.",
                Provider::Github | Provider::HmacSha256 => "Must not hold control characters.",
            };
            return Err(Error::violation("/secret", "INVALID_FORMAT", message));
        }
        let sealed = SECRETS.seal(seal, integration, text.as_bytes())?;
        Ok(Self { text, sealed })
    }

    /// Makes this secret the newest. The ones before it end after `grace` milliseconds.
    pub(crate) fn install(
        &self,
        scope: &Scope<'_>,
        integration: &str,
        grace: i64,
    ) -> kit::Result<()> {
        SECRETS.install(scope, integration, &self.sealed, grace)
    }
}

/// The secrets that are valid now, the newest first.
pub(crate) fn load(scope: &Scope<'_>, seal: &Seal, integration: &str) -> kit::Result<Vec<String>> {
    let found = SECRETS.load(scope, seal, integration)?;
    found.into_iter().map(|bytes| String::from_utf8(bytes).internal()).collect()
}
