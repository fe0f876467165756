//! The state of a request's quotas, and the headers that report it: `RateLimit-Policy` and
//! `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), and three `X-RateLimit-*` for the
//! tightest quota (E-62, K-48).

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};
use protocol::{Code, Error};

use super::bucket::Decision;
use super::quota::Quota;

/// The name of the policy by address.
pub(super) const ADDRESS: &str = "address";

// These are constants, so that no name is parsed while a request is served.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The answer of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    /// The name of the policy: `address`, or the class of the operation.
    policy: Cow<'static, str>,
    quota: Quota,
    remaining: u32,
    /// Seconds until one more unit is back.
    next: u32,
    /// Seconds until the bucket is full.
    reset: u32,
    /// Seconds to wait, if the request was refused.
    wait: Option<u32>,
    /// The time of the answer, in milliseconds since the Unix epoch.
    now: u64,
}

impl RateLimit {
    /// The state after `decision`. `now` is in milliseconds since the Unix epoch.
    pub(super) fn new(
        policy: Cow<'static, str>,
        quota: Quota,
        cost: u32,
        decision: Decision,
        now: u64,
    ) -> Self {
        Self {
            policy,
            quota,
            remaining: decision.remaining(quota),
            next: decision.next(quota),
            reset: decision.reset(),
            wait: (!decision.admitted).then(|| decision.wait(quota, cost)),
            now,
        }
    }

    /// Adds the answer to those that the headers report; 429 if the bucket had not enough.
    pub(super) fn admit(self, rate_limits: &mut Vec<Self>) -> Result<(), Error> {
        // A request with a refused credential is counted by address a second time, in the store.
        rate_limits.retain(|known| known.policy != self.policy);
        let (wait, quota) = (self.wait, self.quota);
        rate_limits.push(self);
        let Some(wait) = wait else { return Ok(()) };
        let message = format!(
            "The limit is {} requests a minute, {} at once; try again in {wait} seconds.",
            quota.per_minute, quota.burst
        );
        let mut error = Error::new(Code::RateLimitExceeded, message);
        error.retry_after = Some(wait);
        Err(error)
    }

    /// Seconds in which an empty bucket becomes full.
    fn window(&self) -> u64 {
        (u64::from(self.quota.burst) * 60).div_ceil(u64::from(self.quota.per_minute.max(1)))
    }
}

/// Writes the headers for the known quotas.
pub(crate) fn headers(rate_limits: &[RateLimit], headers: &mut HeaderMap) {
    // The quota that refused or, if none did, the one with the least units left.
    let tighter = rate_limits.iter().min_by_key(|one| (one.wait.is_none(), one.remaining));
    let Some(tighter) = tighter else { return };
    let (mut policies, mut states) = (String::new(), String::new());
    // Each gateway counts addresses for itself, so another gateway would report another number. So
    // this quota is reported only if it is the tightest one.
    let reported =
        rate_limits.iter().filter(|one| one.policy != ADDRESS || std::ptr::eq(*one, tighter));
    for one in reported {
        let comma = if policies.is_empty() { "" } else { ", " };
        let RateLimit { policy, quota, remaining, next, .. } = one;
        let _ = write!(policies, "{comma}\"{policy}\";q={};w={}", quota.burst, one.window());
        let _ = write!(states, "{comma}\"{policy}\";r={remaining};t={next}");
    }
    for (name, value) in [(POLICY, policies), (RATELIMIT, states)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    let reset = tighter.now.div_ceil(1000) + u64::from(tighter.reset);
    headers.insert(X_LIMIT, HeaderValue::from(tighter.quota.burst));
    headers.insert(X_REMAINING, HeaderValue::from(tighter.remaining));
    headers.insert(X_RESET, HeaderValue::from(reset));
}
