//! Quotas: a bucket for each caller and class, which is refilled all the time.

use std::time::Instant;

use super::api::Api;
use super::faults::Fault;
use super::server::Response;

/// Name, units and seconds.
pub(super) type Class<'a> = (&'a str, f64, u32);

pub(super) struct Bucket {
    left: f64,
    at: Instant,
}

impl Api {
    /// Takes a unit from the caller's bucket. Returns whether there was one, how many are left, and
    /// the seconds until the next one.
    pub(super) fn take(&self, (class, quota, window): Class<'_>, owner: &str) -> (bool, u32, u64) {
        let owner = if self.has(Fault::OneQuotaForAll) { "" } else { owner };
        let mut state = self.state();
        let bucket = state.buckets.entry(format!("{class} {owner}"));
        let bucket = bucket.or_insert_with(|| Bucket { left: quota, at: Instant::now() });
        let rate = if self.has(Fault::WaitTooShort) { 0.01 } else { quota / f64::from(window) };
        bucket.left = (bucket.left + bucket.at.elapsed().as_secs_f64() * rate).min(quota);
        bucket.at = Instant::now();
        let admitted = bucket.left >= 1.0 || self.has(Fault::NoLimit);
        if admitted {
            bucket.left = (bucket.left - 1.0).max(0.0);
        }
        let wait = if self.has(Fault::WaitTooShort) { 1.0 } else { (1.0 / rate).ceil() };
        (admitted, bucket.left as u32, wait as u64)
    }

    pub(super) fn refused(&self, wait: u64) -> Response {
        let mut refusal = self.problem(429, "Too many requests.");
        if self.has(Fault::NoWords) {
            refusal.headers.clear();
            refusal.body.clear();
        }
        let wait = if self.has(Fault::WaitInWords) { "soon".to_owned() } else { wait.to_string() };
        refusal.with("retry-after", wait)
    }

    /// Adds the fields about the quota to an answer.
    pub(super) fn told(
        &self,
        response: Response,
        class: Class<'_>,
        left: u32,
        wait: u64,
    ) -> Response {
        let (name, quota, mut window) = class;
        self.state().answers += 1;
        let answers = self.state().answers;
        let (mut left, mut reset, mut limited) = (left, wait, name);
        match self.fault {
            Some(Fault::NoFields) => return response,
            Some(Fault::MoreThanAll) => left = quota as u32 + 1,
            Some(Fault::QuotaGrows) => (left, reset) = (answers * 10, 30),
            Some(Fault::SomethingLeft) => left += 1,
            Some(Fault::ResetLater) => reset = 9,
            Some(Fault::UnknownPolicy) => limited = "other",
            Some(Fault::WindowChanges) => window = answers,
            _ => {}
        }
        let old = if self.has(Fault::OldFieldsDiffer) { left / 2 } else { left };
        let policy = match self.fault {
            Some(Fault::QuotaAsString) => format!("\"{name}\";q=\"{quota}\";w={window}"),
            _ => format!("\"{name}\";q={quota};w={window}"),
        };
        let limit = match self.fault {
            Some(Fault::FieldOfAnOldDraft) => {
                format!("limit={quota}, remaining={left}, reset={reset}")
            }
            _ => format!("\"{limited}\";r={left};t={reset}"),
        };
        response
            .with("ratelimit-policy", policy)
            .with("ratelimit", limit)
            .with("x-ratelimit-limit", quota.to_string())
            .with("x-ratelimit-remaining", old.to_string())
            .with("x-ratelimit-reset", reset.to_string())
    }
}
