//! Requests per minute: by address in memory, by identity in counters that outlive this process.

use std::collections::HashMap;
use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;

use super::counters::Counters;
use super::problem::{Problem, problem};
use super::tokens::Caller;

const WINDOW: u64 = 60;

/// What is left in a bucket.
#[derive(Clone, Copy)]
pub(super) struct Quota {
    limit: u64,
    remaining: u64,
    reset: u64,
}

impl Quota {
    /// The `X-RateLimit-*` headers.
    pub(super) fn headers(self, headers: &mut HeaderMap) {
        headers.insert("x-ratelimit-limit", HeaderValue::from(self.limit));
        headers.insert("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        headers.insert("x-ratelimit-reset", HeaderValue::from(self.reset));
    }

    fn admit(
        limit: u64,
        used: u64,
        window: u64,
        tightest: &mut Option<Self>,
    ) -> Result<(), Problem> {
        let quota =
            Self { limit, remaining: limit.saturating_sub(used), reset: (window + 1) * WINDOW };
        if used > limit || tightest.is_none_or(|tightest| quota.remaining < tightest.remaining) {
            *tightest = Some(quota);
        }
        if used > limit {
            return Err(problem(
                429,
                "rate_limit_exceeded",
                format!("More than {limit} requests in a minute."),
            ));
        }
        Ok(())
    }
}

/// Requests of each address in the running minute.
#[derive(Default)]
pub(super) struct Addresses(Mutex<(u64, HashMap<IpAddr, u64>)>);

impl Addresses {
    /// Counts one.
    pub(super) fn count(
        &self,
        address: IpAddr,
        limit: u64,
        now: u64,
        quota: &mut Option<Quota>,
    ) -> Result<(), Problem> {
        let window = now / 1000 / WINDOW;
        let used = {
            let (current, counts) = &mut *self.0.lock();
            if *current != window {
                *current = window;
                counts.clear();
            }
            let used = counts.entry(address).or_default();
            *used += 1;
            *used
        };
        Quota::admit(limit, used, window, quota)
    }
}

/// Counts a request of an identity and class.
pub(super) async fn identity(
    counters: &Counters,
    class: &str,
    caller: &Caller,
    limit: u64,
    now: u64,
    quota: &mut Option<Quota>,
) -> Result<(), Problem> {
    let window = now / 1000 / WINDOW;
    let key = format!("{class}:{}:{}:{window}", caller.tenant, caller.id);
    let used = counters.count(key, (window + 1) * WINDOW * 1000).await?;
    Quota::admit(limit, used, window, quota)
}
