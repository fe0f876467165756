//! The id and type that a provider gives a webhook. The id tells a second delivery of the same
//! webhook from a new one.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::provider::standard;
use super::{Headers, Provider};

/// The longest id and type, in bytes. A longer text does not count as one.
const MAX_LENGTH: usize = 200;

/// A webhook, as its provider identifies it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The id. If there is none, then `sha256:` and the hash of the body.
    pub(crate) external_id: String,
    /// The type, if the webhook has one.
    pub(crate) external_type: Option<String>,
    /// The hash of the body, if the provider does not sign the id. Without it, an attacker who has
    /// seen a webhook could replay it under another id.
    pub(crate) body_hash: Option<String>,
}

impl Identity {
    /// Identifies a genuine request. `document` is its body as JSON, or null if it is not JSON.
    pub(crate) fn of(
        provider: Provider,
        headers: Headers<'_>,
        document: &Json,
        body: &[u8],
    ) -> Self {
        let member = |name: &str| document[name].as_str();
        let (id, kind) = match provider {
            Provider::Github => (headers("x-github-delivery"), headers("x-github-event")),
            Provider::Slack => {
                let event = document["event"]["type"].as_str();
                (member("event_id"), event.or(member("type")))
            }
            // The id of the spelling whose signature was verified.
            Provider::StandardWebhooks => (headers(standard(headers)[0]), member("type")),
            Provider::Stripe | Provider::Tenantry | Provider::HmacSha256 => {
                (member("id"), member("type"))
            }
        };
        let hash = format!("sha256:{}", hex::encode(Sha256::digest(body)));
        let body_hash = (provider == Provider::Github).then(|| hash.clone());
        let external_id = id.and_then(name).unwrap_or(hash);
        Self { external_id, external_type: kind.and_then(name), body_hash }
    }
}

fn name(text: &str) -> Option<String> {
    let fits = !text.is_empty() && text.len() <= MAX_LENGTH && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
