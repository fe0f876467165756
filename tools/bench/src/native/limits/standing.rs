//! The state of a caller's quotas, and the headers about them.

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue};

use super::{Quota, Taken};
use crate::native::problem::{Problem, problem};

/// The answers of both buckets, if they were asked.
#[derive(Default)]
pub(in crate::native) struct Standings {
    pub(super) address: Option<Standing>,
    pub(super) class: Option<Standing>,
}

/// The answer of a bucket.
pub(super) struct Standing {
    policy: &'static str,
    quota: Quota,
    taken: Taken,
    /// The time, in milliseconds since the Unix epoch.
    now: u64,
}

impl Standing {
    pub(super) fn new(policy: &'static str, quota: Quota, taken: Taken, now: u64) -> Self {
        Self { policy, quota, taken, now }
    }

    /// The refusal 429, if the bucket had no unit left.
    pub(super) fn admit(&self) -> Result<(), Problem> {
        if self.taken.admitted {
            return Ok(());
        }
        let Quota { per_minute, burst, .. } = self.quota;
        let wait = self.taken.wait(self.quota);
        let message = format!(
            "The limit is {per_minute} requests a minute, {burst} at once; try again in {wait} seconds."
        );
        Err(problem(429, "rate_limit_exceeded", message).after(wait))
    }

    fn remaining(&self) -> u64 {
        self.taken.remaining(self.quota)
    }
}

/// Adds the headers: about the quota of the class, and about that of the address if it is the
/// tighter one.
pub(in crate::native) fn headers(standings: &Standings, headers: &mut HeaderMap) {
    let Standings { address, class } = standings;
    let both = address.iter().chain(class);
    let Some(tighter) = both.min_by_key(|one| (one.taken.admitted, one.remaining())) else {
        return;
    };
    let (mut policies, mut states) = (String::new(), String::new());
    let address = address.as_ref().filter(|address| std::ptr::eq(*address, tighter));
    for Standing { policy, quota, taken, .. } in address.into_iter().chain(class) {
        let comma = if policies.is_empty() { "" } else { ", " };
        let window = (u64::from(quota.burst) * 60).div_ceil(u64::from(quota.per_minute));
        let _ = write!(policies, "{comma}\"{policy}\";q={};w={window}", quota.burst);
        let (remaining, next) = (taken.remaining(*quota), taken.next(*quota));
        let _ = write!(states, "{comma}\"{policy}\";r={remaining};t={next}");
    }
    for (name, value) in [("ratelimit-policy", policies), ("ratelimit", states)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    let reset = tighter.now.div_ceil(1000) + tighter.taken.reset();
    headers.insert("x-ratelimit-limit", HeaderValue::from(tighter.quota.burst));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(tighter.remaining()));
    headers.insert("x-ratelimit-reset", HeaderValue::from(reset));
}
