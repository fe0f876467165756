//! The providers whose webhooks are received, and how each of them signs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kit::signing_secret;

use super::claim::{Claim, Headers, Reason};

/// A provider, or a signature scheme that many providers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    /// `Stripe-Signature: t=…,v1=…` over `t.body` (docs.stripe.com/webhooks/signature).
    Stripe,
    /// `X-Hub-Signature-256: sha256=…` over the body (docs.github.com, validating deliveries).
    Github,
    /// `X-Slack-Signature: v0=…` over `v0:timestamp:body` (api.slack.com, verifying requests).
    Slack,
    /// `webhook-signature: v1,…` over `id.timestamp.body` (standardwebhooks.com). Providers that
    /// began before the standard send `svix-…` headers instead.
    StandardWebhooks,
    /// Another Tenantry: `X-Signature-V2` (K-60). A delivery has `X-Signature` too, but this one
    /// covers no time. If it were accepted, then an attacker could leave the other header out and
    /// replay the delivery for ever.
    Tenantry,
    /// `X-Signature: sha256=…` over the body.
    HmacSha256,
}

impl Provider {
    /// The provider with this name in the enumeration of the contract.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "STRIPE" => Self::Stripe,
            "GITHUB" => Self::Github,
            "SLACK" => Self::Slack,
            "STANDARD_WEBHOOKS" => Self::StandardWebhooks,
            "TENANTRY" => Self::Tenantry,
            "HMAC_SHA256" => Self::HmacSha256,
            _ => return None,
        })
    }

    /// The provider with this name in paths.
    pub(crate) fn of(slug: &str) -> Option<Self> {
        Self::parse(&slug.to_ascii_uppercase()).filter(|found| found.slug() == slug)
    }

    /// The name in paths, and the source of its events.
    pub(crate) fn slug(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Github => "github",
            Self::Slack => "slack",
            Self::StandardWebhooks => "standard_webhooks",
            Self::Tenantry => "tenantry",
            Self::HmacSha256 => "hmac_sha256",
        }
    }

    /// The MAC key of a secret. Where the scheme says so, it is the part after `whsec_`, decoded
    /// from base64. Otherwise it is the text itself. `None` if the secret does not have the form
    /// that the scheme demands.
    pub(crate) fn key(self, secret: &str) -> Option<Vec<u8>> {
        match self {
            // Supabase shows `v1,whsec_…`.
            Self::StandardWebhooks => {
                signing_secret::decode(secret.strip_prefix("v1,").unwrap_or(secret))
            }
            Self::Tenantry => signing_secret::decode(secret),
            Self::Stripe | Self::Slack => {
                secret.bytes().all(|byte| byte.is_ascii_graphic()).then(|| secret.into())
            }
            // The owner may choose any text without control characters.
            Self::Github | Self::HmacSha256 => {
                (!secret.chars().any(char::is_control)).then(|| secret.into())
            }
        }
    }

    /// The signature that the headers claim.
    pub(super) fn claim(self, headers: Headers<'_>, body: &[u8]) -> Result<Claim, Reason> {
        let header = |name| headers(name).ok_or(Reason::Missing);
        match self {
            Self::Stripe => dated(header("stripe-signature")?, body),
            Self::Github => plain(header("x-hub-signature-256")?, "sha256=", body),
            Self::HmacSha256 => plain(header("x-signature")?, "sha256=", body),
            Self::Tenantry => dated(header("x-signature-v2")?, body),
            Self::Slack => {
                let time = header("x-slack-request-timestamp")?;
                let mut claim = plain(header("x-slack-signature")?, "v0=", body)?;
                claim.signed = [b"v0:", time.as_bytes(), b":", body].concat();
                claim.timestamp = Some(seconds(time)?);
                Ok(claim)
            }
            Self::StandardWebhooks => {
                let [id, time, signature] = standard(headers);
                let (id, time) = (header(id)?, header(time)?);
                // Signatures of other versions need another kind of key.
                let signatures = header(signature)?
                    .split(' ')
                    .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
                    .collect();
                Claim {
                    signed: [id.as_bytes(), b".", time.as_bytes(), b".", body].concat(),
                    timestamp: Some(seconds(time)?),
                    signatures,
                }
                .checked()
            }
        }
    }
}

/// The headers of Standard Webhooks. All three come from the same spelling, so that nobody can mix
/// the headers of two deliveries.
pub(super) fn standard(headers: Headers<'_>) -> [&'static str; 3] {
    match headers("webhook-signature") {
        None if headers("svix-signature").is_some() => {
            ["svix-id", "svix-timestamp", "svix-signature"]
        }
        _ => ["webhook-id", "webhook-timestamp", "webhook-signature"],
    }
}

/// `t=…,v1=…`, with any number of `v1`.
fn dated(text: &str, body: &[u8]) -> Result<Claim, Reason> {
    let members = || text.split(',').filter_map(|member| member.trim().split_once('='));
    let time = members().find(|(name, _)| *name == "t").ok_or(Reason::Malformed)?.1;
    let signatures =
        members().filter(|(name, _)| *name == "v1").filter_map(|(_, text)| hex::decode(text).ok());
    Claim {
        signed: [time.as_bytes(), b".", body].concat(),
        timestamp: Some(seconds(time)?),
        signatures: signatures.collect(),
    }
    .checked()
}

/// A prefix and one signature over the body.
fn plain(text: &str, prefix: &str, body: &[u8]) -> Result<Claim, Reason> {
    let signature = text.trim().strip_prefix(prefix).and_then(|text| hex::decode(text).ok());
    Claim { signed: body.to_vec(), timestamp: None, signatures: signature.into_iter().collect() }
        .checked()
}

/// Seconds since the Unix epoch.
fn seconds(text: &str) -> Result<i64, Reason> {
    text.parse().map_err(|_| Reason::Malformed)
}
