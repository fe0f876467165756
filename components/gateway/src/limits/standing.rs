//! Where a request stands with its quotas, and the headers that tell it: `RateLimit-Policy` and
//! `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), and the three `X-RateLimit-*` of the
//! tighter one (E-62, K-48).

use std::borrow::Cow;
use std::fmt::Write as _;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{ADDRESS, Quota, Taken};
use crate::trace::Seen;
use crate::{Code, Error};

// Constants, so that no name is parsed on the way of a request.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const X_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const X_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const X_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What a bucket said.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// The name of the policy: `address`, or the class of the operation.
    policy: Cow<'static, str>,
    quota: Quota,
    remaining: u32,
    /// Seconds until there is a unit more.
    next: u32,
    /// Seconds until the bucket is full.
    reset: u32,
    /// Seconds to wait, when the request was refused.
    wait: Option<u32>,
    /// Milliseconds since the Unix epoch.
    now: u64,
}

impl Standing {
    /// `now` in milliseconds since the Unix epoch.
    pub(super) fn new(
        policy: Cow<'static, str>,
        quota: Quota,
        cost: u32,
        taken: Taken,
        now: u64,
    ) -> Self {
        Self {
            policy,
            quota,
            remaining: taken.remaining(quota),
            next: taken.next(quota),
            reset: taken.reset(),
            wait: (!taken.admitted).then(|| taken.wait(quota, cost)),
            now,
        }
    }

    /// Notes it for the headers; 429 when the bucket had not enough.
    pub(super) fn admit(self, seen: &mut Seen) -> Result<(), Error> {
        // A refused credential counts by address a second time, in the store.
        seen.quotas.retain(|known| known.policy != self.policy);
        let (wait, quota) = (self.wait, self.quota);
        seen.quotas.push(self);
        let Some(wait) = wait else { return Ok(()) };
        let message = format!(
            "The limit is {} requests a minute, {} at once; try again in {wait} seconds.",
            quota.per_minute, quota.burst
        );
        let mut error = Error::new(Code::RateLimitExceeded, message);
        error.retry_after = Some(wait);
        Err(error)
    }

    /// Seconds in which a full bucket comes back.
    fn window(&self) -> u64 {
        (u64::from(self.quota.burst) * 60).div_ceil(u64::from(self.quota.per_minute.max(1)))
    }
}

/// Writes what is known.
pub(crate) fn headers(standings: &[Standing], headers: &mut HeaderMap) {
    // The one that refused, or else the one with the least left.
    let tighter = standings.iter().min_by_key(|one| (one.wait.is_none(), one.remaining));
    let Some(tighter) = tighter else { return };
    let (mut policies, mut states) = (String::new(), String::new());
    // An address is counted by each gateway: the others of it would tell another number. So it
    // is told only where it matters.
    let told = standings.iter().filter(|one| one.policy != ADDRESS || std::ptr::eq(*one, tighter));
    for one in told {
        let comma = if policies.is_empty() { "" } else { ", " };
        let Standing { policy, quota, remaining, next, .. } = one;
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
