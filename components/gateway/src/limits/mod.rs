//! Rate limits (A-58…60, K-47…50): a bucket by address before authentication, and a bucket by
//! identity after it.
//!
//! A request takes from one stored bucket, with one write. This is the bucket of its
//! identity or, if its credential is refused, the bucket of its address. Stored buckets hold over
//! all processes and restarts. Every request is also counted by address in the memory of this
//! gateway. If the gateway lives long (a host's process), then this refuses a flood at no cost. On
//! Spin, a gateway lives for some requests and is forgotten after a second without requests. So for
//! requests without a credential, no class admits more than the limit of the address. A refused
//! request takes nothing and writes nothing.
//!
//! A user has a bucket in each tenant. All machine clients and API keys of a tenant share one
//! bucket, so more of them do not raise the limit. One with a quota of its own has its own bucket.

mod bucket;
mod local;
mod overrides;
mod quota;
mod standing;

pub use bucket::{Ask, Taken, decode, encode, moved_by};
pub use quota::Quota;
pub(crate) use standing::{Standing, headers};

use std::net::{IpAddr, Ipv6Addr};

use protocol::entry;

use self::local::Local;
use self::overrides::Overrides;
use crate::config::Config;
use crate::router::Route;
use crate::trace::Seen;
use crate::{Caller, Code, Error, Limit, Platform, Principal};

/// The name of the policy by address.
const ADDRESS: &str = "address";

/// The buckets of this gateway, and the quotas that it knows.
#[derive(Default)]
pub(crate) struct Limits {
    addresses: Local<IpAddr>,
    /// The buckets of identities while the store does not answer.
    fallback: Local<String>,
    overrides: Overrides,
}

impl Limits {
    /// Counts a request by its address, before the caller is known.
    pub(crate) fn address(&self, config: &Config, now: u64, seen: &mut Seen) -> Result<(), Error> {
        let quota = config.address_quota;
        if quota.is_unlimited() {
            return Ok(());
        }
        let taken = self.addresses.take(network(seen.address), quota, 1, now);
        Standing::new(ADDRESS.into(), quota, 1, taken, now).admit(seen)
    }

    /// Counts a request by its identity.
    pub(crate) async fn identity<P: Platform>(
        &self,
        platform: &P,
        config: &Config,
        route: &Route<'_>,
        caller: Option<&Caller>,
        seen: &mut Seen,
    ) -> Result<(), Error> {
        let Limit { class, cost, .. } = &route.operation.limit;
        let cost = *cost;
        let (quota, key) = match caller {
            // The memory of this gateway may not outlive the request, so the bucket in the store
            // also enforces the limit of addresses.
            None => (
                route.quota.and(config.address_quota),
                entry::limit(class, &network(seen.address).to_string()),
            ),
            Some(caller) => {
                let set = self.overrides.find(platform, caller, class).await;
                let personal = set.as_ref().is_some_and(|set| set.personal);
                let quota = set.map_or(route.quota, |set| set.quota);
                let tenant = &caller.tenant;
                let key = match &caller.principal {
                    Principal::Client(_) | Principal::ApiKey(_) if !personal => {
                        entry::limit(class, tenant)
                    }
                    _ => entry::limit(class, &format!("{tenant}:{}", caller.id())),
                };
                (quota, key)
            }
        };
        if quota.is_unlimited() {
            return Ok(());
        }
        let now = platform.now();
        let taken = match platform.take(&key, quota, cost).await {
            Ok(taken) => taken,
            Err(fault) if config.fail_closed.contains(class) => {
                let cause = format!("rate limit, which fails closed: {fault:?}");
                return Err(Error::because(Code::ServiceUnavailable, cause));
            }
            Err(fault) => {
                seen.cause = Some(format!("rate limit counted in this gateway alone: {fault:?}"));
                self.fallback.take(key, quota, cost, now)
            }
        };
        Standing::new(class.clone().into(), quota, cost, taken, now).admit(seen)
    }
}

/// Counts a request with a refused credential, by its address in the store. Returns the refusal or,
/// if there were too many, a 429.
pub(crate) async fn refused<P: Platform>(
    platform: &P,
    config: &Config,
    seen: &mut Seen,
    refusal: Error,
) -> Error {
    let quota = config.address_quota;
    if quota.is_unlimited() {
        return refusal;
    }
    let key = entry::limit(ADDRESS, &network(seen.address).to_string());
    match platform.take(&key, quota, 1).await {
        Ok(taken) => {
            let standing = Standing::new(ADDRESS.into(), quota, 1, taken, platform.now());
            standing.admit(seen).err().unwrap_or(refusal)
        }
        Err(fault) => {
            seen.cause = Some(format!("refusal not counted: {fault:?}"));
            refusal
        }
    }
}

/// The network of an address. IPv6 counts by /64, which is what one subscriber has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}
