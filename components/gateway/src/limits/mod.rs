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

pub(crate) mod bucket;
mod local;
mod overrides;
pub(crate) mod quota;
pub(crate) mod rate_limit;

pub use bucket::{BucketRequest, Decision, decode, encode, moved_by};
pub use quota::Quota;

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::Ipv6Net;
use protocol::{Caller, Code, Error, Limit, Operation, Principal, entry};

use self::local::LocalBuckets;
use self::overrides::Overrides;
use self::rate_limit::{ADDRESS, RateLimit};
use crate::platform::Platform;
use crate::record::Record;
use crate::router::Route;
use crate::settings::Settings;

/// The quota of an address, unless a variable sets another one.
const BY_ADDRESS: Quota = Quota::per_minute(600);

/// The buckets of this gateway, and the quotas that it knows.
pub(crate) struct Limits {
    /// The quota of an address.
    by_address: Quota,
    /// The classes whose requests are refused if the store does not answer. Requests of other
    /// classes are then counted in the memory of this gateway.
    fail_closed: Vec<String>,
    addresses: LocalBuckets<IpAddr>,
    /// The buckets of identities while the store does not answer.
    fallback: LocalBuckets<String>,
    overrides: Overrides,
}

impl Limits {
    /// Reads the settings. If a variable sets the quota of a class, then it takes the place of the
    /// quota that the contract gives to the operations of this class.
    pub(crate) async fn load<P: Platform>(
        settings: &Settings<'_, P>,
        operations: &mut [Operation],
    ) -> Result<Self, String> {
        let mut quotas = HashMap::<String, Quota>::new();
        for operation in operations {
            let limit = &mut operation.limit;
            let quota = match quotas.get(&limit.class) {
                Some(quota) => *quota,
                None => {
                    let quota = quota(settings, &limit.class, Quota::of(limit)).await?;
                    quotas.insert(limit.class.clone(), quota);
                    quota
                }
            };
            (limit.per_minute, limit.burst) = (quota.per_minute, quota.burst);
        }
        Ok(Self {
            by_address: quota(settings, "ip", BY_ADDRESS).await?,
            fail_closed: settings.list("limit_fail_closed").await?,
            addresses: LocalBuckets::default(),
            fallback: LocalBuckets::default(),
            overrides: Overrides::default(),
        })
    }

    /// Counts a request by its address, before the caller is known.
    pub(crate) fn address(&self, now: u64, record: &mut Record) -> Result<(), Error> {
        let quota = self.by_address;
        if quota.is_unlimited() {
            return Ok(());
        }
        let decision = self.addresses.take(network(record.address), quota, 1, now);
        RateLimit::new(ADDRESS.into(), quota, 1, decision, now).admit(&mut record.quotas)
    }

    /// Counts a request by its identity.
    pub(crate) async fn identity<P: Platform>(
        &self,
        platform: &P,
        route: &Route<'_>,
        caller: Option<&Caller>,
        record: &mut Record,
    ) -> Result<(), Error> {
        let limit = &route.operation.limit;
        let Limit { class, cost, .. } = limit;
        let cost = *cost;
        let (quota, key) = match caller {
            // The memory of this gateway may not outlive the request, so the bucket in the store
            // also enforces the limit of addresses.
            None => (
                Quota::of(limit).and(self.by_address),
                entry::limit(class, &network(record.address).to_string()),
            ),
            Some(caller) => {
                let set = self.overrides.find(platform, caller, class).await;
                let personal = set.as_ref().is_some_and(|set| set.personal);
                let quota = set.map_or(Quota::of(limit), |set| set.quota);
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
        let decision = match platform.take(&key, quota, cost).await {
            Ok(decision) => decision,
            Err(fault) if self.fail_closed.contains(class) => {
                let cause = format!(
                    "the rate limit cannot be counted, so the request is refused: {fault:?}"
                );
                return Err(Error::because(Code::ServiceUnavailable, cause));
            }
            Err(fault) => {
                let cause = format!("only this gateway counts the rate limit: {fault:?}");
                record.cause = Some(cause);
                self.fallback.take(key, quota, cost, now)
            }
        };
        let rate_limit = RateLimit::new(class.clone().into(), quota, cost, decision, now);
        rate_limit.admit(&mut record.quotas)
    }

    /// Counts a request with a refused credential, by its address in the store. Returns the refusal
    /// or, if there were too many, a 429.
    pub(crate) async fn refused<P: Platform>(
        &self,
        platform: &P,
        record: &mut Record,
        refusal: Error,
    ) -> Error {
        let quota = self.by_address;
        if quota.is_unlimited() {
            return refusal;
        }
        let key = entry::limit(ADDRESS, &network(record.address).to_string());
        match platform.take(&key, quota, 1).await {
            Ok(decision) => {
                let rate_limit = RateLimit::new(ADDRESS.into(), quota, 1, decision, platform.now());
                rate_limit.admit(&mut record.quotas).err().unwrap_or(refusal)
            }
            Err(fault) => {
                record.cause = Some(format!("the refusal was not counted: {fault:?}"));
                refusal
            }
        }
    }
}

/// The quota of a class: from its variable, else `default`.
async fn quota<P: Platform>(
    settings: &Settings<'_, P>,
    class: &str,
    default: Quota,
) -> Result<Quota, String> {
    let set = settings.value(&format!("limit_{class}_per_minute")).await?;
    Ok(set.unwrap_or(default))
}

/// The network of an address. IPv6 counts by /64, which is what one subscriber has.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Net::new_assert(v6, 64).network().into(),
        v4 => v4,
    }
}
