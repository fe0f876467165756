//! Webhooks of others: whether one is genuine, what it is called, and its way into the feed.
//!
//! What decides it is here and in [`provider`], without input or output. A receiver answers as
//! soon as a request is stored, and `process` brings it into the feed.

mod document;
mod identity;
mod provider;

#[cfg(target_arch = "wasm32")]
pub(crate) mod process;
#[cfg(target_arch = "wasm32")]
pub(crate) mod receive;
#[cfg(target_arch = "wasm32")]
pub(crate) mod rejections;

#[cfg(test)]
mod tests;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

pub(crate) use provider::Provider;

/// How far the time of a request may be from ours, in seconds (K-60).
const TOLERANCE: u64 = 300;
/// The most signatures of a request that are looked at: each costs a MAC for each secret.
const MOST: usize = 10;

/// The headers of a request, by their names in lower case.
pub(crate) type Headers<'a> = &'a dyn Fn(&str) -> Option<&'a str>;

/// Why a request is not taken for genuine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A header of the signature is not there.
    Missing,
    /// A header of the signature cannot be read.
    Malformed,
    /// No secret fits.
    Mismatch,
    /// It was signed too long ago, or will be.
    Expired,
    /// It was sent to the receiver of another provider or kind.
    Misdirected,
}

impl Reason {
    /// As audit entries and the contract write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "SIGNATURE_MISSING",
            Self::Malformed => "SIGNATURE_MALFORMED",
            Self::Mismatch => "SIGNATURE_MISMATCH",
            Self::Expired => "TIMESTAMP_OUT_OF_RANGE",
            Self::Misdirected => "MISDIRECTED",
        }
    }
}

/// What a request says of its signature.
struct Claim {
    /// The bytes that were signed.
    signed: Vec<u8>,
    /// Seconds since the Unix epoch, where the scheme signs a time.
    timestamp: Option<i64>,
    signatures: Vec<Vec<u8>>,
}

impl Claim {
    fn checked(self) -> Result<Self, Reason> {
        match self.signatures.len() {
            1..=MOST => Ok(self),
            _ => Err(Reason::Malformed),
        }
    }
}

/// Whether one of the keys has signed the request, around `now` (seconds since the Unix epoch).
/// How long that takes says nothing about how nearly a signature fits, and nothing about whose
/// headers were looked for.
pub(crate) fn verify(
    provider: Provider,
    keys: &[Vec<u8>],
    headers: Headers<'_>,
    body: &[u8],
    now: i64,
) -> Result<(), Reason> {
    let claim = provider.claim(headers, body);
    let signed = claim.as_ref().map_or(body, |claim| &claim.signed);
    // Without a claim as many MACs as with one.
    let macs: Vec<_> = keys.iter().filter_map(|key| mac(key, signed)).collect();
    let claim = claim?;
    let mut fits = false;
    for mac in macs {
        for signature in &claim.signatures {
            fits |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    match claim.timestamp {
        _ if !fits => Err(Reason::Mismatch),
        Some(signed) if signed.abs_diff(now) > TOLERANCE => Err(Reason::Expired),
        _ => Ok(()),
    }
}

/// Keys of any length will do (RFC 2104 section 2), so there is always one.
fn mac(key: &[u8], signed: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed);
    // Whatever becomes of it, it is computed.
    Some(std::hint::black_box(mac))
}
