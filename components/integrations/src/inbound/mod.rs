//! Incoming webhooks of providers: verifying them, identifying them, and bringing them into the
//! feed.
//!
//! The decisions are made here and in [`provider`], without input or output. A receiver answers as
//! soon as the request is stored. After that, `process` brings it into the feed.

mod claim;
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

pub(crate) use claim::{Headers, Reason};
pub(crate) use provider::Provider;

/// How far the timestamp of a request may be from the time here, in seconds (K-60).
const TOLERANCE: u64 = 300;

/// Verifies that one of the keys has signed the request, at a time close to `now` (seconds since
/// the Unix epoch).
///
/// The duration does not tell how much of a signature matches. It does not tell either which
/// provider's headers were looked for.
pub(crate) fn verify(
    provider: Provider,
    keys: &[Vec<u8>],
    headers: Headers<'_>,
    body: &[u8],
    now: i64,
) -> Result<(), Reason> {
    let claim = provider.claim(headers, body);
    let signed = claim.as_ref().map_or(body, |claim| &claim.signed);
    // If there is no claim, then the same number of MACs is computed as with one.
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

/// HMAC takes keys of any length (RFC 2104 section 2), so this is never `None`.
fn mac(key: &[u8], signed: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(signed);
    // Keeps the compiler from leaving out a MAC that is not compared.
    Some(std::hint::black_box(mac))
}
