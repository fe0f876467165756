//! Rate limits: requests per minute, by address before authentication and by identity
//! after it (A-58…60, K-47…50).
//!
//! One request writes the key-value store once: the bucket of its identity (user,
//! client or key; the address for operations without a credential), or, when its credential
//! is refused, the bucket of its address. Those hold over all processes and restarts. Every
//! request is also counted by address in the memory of this gateway, which refuses a flood
//! at no cost where the gateway lives long (a host's process; on Spin, an instance). Windows
//! are fixed minutes.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::config::Config;
use crate::router::Route;
use crate::trace::Seen;
use crate::{Caller, Code, Error, Fault, Platform, expiry};

const WINDOW: u64 = 60;
/// Addresses counted in one window; beyond it new ones share a bucket.
const ADDRESSES: usize = 100_000;

/// What a bucket has left; the three `X-RateLimit-*` headers (E-62).
#[derive(Clone, Copy)]
pub(crate) struct Quota {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Seconds since the Unix epoch.
    pub(crate) reset: u64,
}

impl Quota {
    fn new(limit: u32, used: u64, window: u64) -> Self {
        let used = u32::try_from(used).unwrap_or(u32::MAX);
        Self { limit, remaining: limit.saturating_sub(used), reset: (window + 1) * WINDOW }
    }

    fn admit(self, used: u64, now: u64, seen: &mut Seen) -> Result<(), Error> {
        if seen.quota.is_none_or(|tightest| self.remaining < tightest.remaining) {
            seen.quota = Some(self);
        }
        if used <= u64::from(self.limit) {
            return Ok(());
        }
        seen.quota = Some(self);
        let wait =
            u32::try_from((self.reset * 1000).saturating_sub(now).div_ceil(1000)).unwrap_or(60);
        let mut error = Error::new(
            Code::RateLimitExceeded,
            format!("More than {} requests in a minute; try again in {wait} seconds.", self.limit),
        );
        error.retry_after = Some(wait);
        Err(error)
    }
}

/// The buckets by address, of this gateway and the running minute.
#[derive(Default)]
pub(crate) struct Addresses(Mutex<(u64, HashMap<IpAddr, u64>)>);

impl Addresses {
    pub(crate) fn count(&self, config: &Config, now: u64, seen: &mut Seen) -> Result<(), Error> {
        let window = now / 1000 / WINDOW;
        let used = {
            let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (current, counts) = &mut *guard;
            if *current != window {
                *current = window;
                counts.clear();
            }
            let mut key = network(seen.address);
            if counts.len() >= ADDRESSES && !counts.contains_key(&key) {
                key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
            let used = counts.entry(key).or_default();
            *used += 1;
            *used
        };
        Quota::new(config.ip_limit, used, window).admit(used, now, seen)
    }
}

/// Counts the identity in the store. The whole identity shares one bucket per class: more
/// tokens of one user do not raise the limit.
pub(crate) async fn count<P: Platform>(
    platform: &P,
    route: &Route<'_>,
    caller: Option<&Caller>,
    seen: &mut Seen,
) -> Result<(), Error> {
    let now = platform.now();
    let window = now / 1000 / WINDOW;
    let class = &route.operation.limit;
    let key = match caller {
        Some(caller) => format!("limit:{class}:{}:{}", caller.tenant, caller.id()),
        None => format!("limit:{class}:{}", network(seen.address)),
    };
    let key = expiry::counter(&key, (window + 1) * WINDOW);
    let used = match platform.increment(&key, 1).await {
        Ok(used) => u64::try_from(used).unwrap_or(0),
        // Reads and writes go on without the shared bucket, guessing of passwords does not.
        Err(Fault::Unavailable(cause)) if class == "auth" => {
            return Err(Error::internal(Code::ServiceUnavailable, cause));
        }
        Err(fault) => {
            seen.cause = Some(format!("rate limit not counted: {fault:?}"));
            return Ok(());
        }
    };
    Quota::new(route.limit, used, window).admit(used, now, seen)
}

/// Counts a request whose credential was refused by its address in the store; returns the
/// refusal, or that there were too many.
pub(crate) async fn refused<P: Platform>(
    platform: &P,
    config: &Config,
    seen: &mut Seen,
    refusal: Error,
) -> Error {
    let now = platform.now();
    let window = now / 1000 / WINDOW;
    let key = format!("limit:ip:{}", network(seen.address));
    let key = expiry::counter(&key, (window + 1) * WINDOW);
    match platform.increment(&key, 1).await {
        Ok(used) => {
            let used = u64::try_from(used).unwrap_or(0);
            let quota = Quota::new(config.ip_limit, used, window);
            quota.admit(used, now, seen).err().unwrap_or(refusal)
        }
        Err(fault) => {
            seen.cause = Some(format!("refusal not counted: {fault:?}"));
            refusal
        }
    }
}

/// IPv6 counts by /64, what one subscriber holds.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
