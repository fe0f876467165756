//! What a provider calls a webhook: by its id a second delivery is known.

use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use super::provider::standard;
use super::{Headers, Provider};

/// The longest id and type, in bytes. What is longer was not meant as one.
const LONGEST: usize = 200;

/// A webhook by the names of its provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its id; without one, `sha256:` and the hash of the body.
    pub(crate) external_id: String,
    /// Its type, if it says one.
    pub(crate) external_type: Option<String>,
    /// The hash of the body, where the id is not signed: whoever has seen a webhook could send
    /// it again under another one.
    pub(crate) body_hash: Option<String>,
}

impl Identity {
    /// Of a request that is genuine; `document` is its body as JSON, else null.
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
            // The one that is signed.
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
    let fits = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}
