//! The generic cell rate algorithm: a token bucket whose state is the time at which it will be full
//! again. Times are microseconds since the Unix epoch.

use std::str::FromStr;

/// `burst` requests at once, of which `per_minute` come back every minute. If `per_minute` is 0,
/// there is no limit.
#[derive(Clone, Copy)]
pub(crate) struct Quota {
    pub(super) per_minute: u32,
    pub(super) burst: u32,
    /// Microseconds until a request is back, and until an empty bucket is full.
    pub(in crate::native) interval: u64,
    pub(in crate::native) capacity: u64,
}

/// The answer of a bucket.
#[derive(Clone, Copy)]
pub(in crate::native) struct Taken {
    pub(in crate::native) admitted: bool,
    /// The microseconds until the bucket is full.
    pub(in crate::native) fill: u64,
}

impl Quota {
    pub(super) fn is_unlimited(self) -> bool {
        self.per_minute == 0
    }

    /// Takes a unit from the bucket that is full at `full_at`. A refusal changes nothing, unless
    /// that time is further away than an empty bucket can be, as after the clock was set back.
    pub(in crate::native) fn take(self, full_at: &mut u64, now: u64) -> Taken {
        let empty = now + self.capacity;
        let held = (*full_at).clamp(now, empty);
        let moved = held + self.interval;
        let admitted = moved <= empty;
        if admitted {
            *full_at = moved;
        } else if *full_at > empty {
            *full_at = empty;
        }
        Taken { admitted, fill: if admitted { moved } else { held } - now }
    }
}

impl Taken {
    pub(super) fn remaining(self, quota: Quota) -> u64 {
        quota.capacity.saturating_sub(self.fill) / quota.interval
    }

    /// The seconds until one more unit is there, or 0 if none is missing.
    pub(super) fn next(self, quota: Quota) -> u64 {
        let missing = u64::from(quota.burst).saturating_sub(self.remaining(quota));
        self.fill.saturating_sub(missing.saturating_sub(1) * quota.interval).div_ceil(1_000_000)
    }

    /// The seconds until the bucket is full.
    pub(super) fn reset(self) -> u64 {
        self.fill.div_ceil(1_000_000)
    }

    /// The seconds until a refused request would be admitted.
    pub(super) fn wait(self, quota: Quota) -> u64 {
        (self.fill + quota.interval).saturating_sub(quota.capacity).div_ceil(1_000_000).max(1)
    }
}

/// Parses `150` or `150;burst=300`, as in the runner's variables.
impl FromStr for Quota {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (rate, burst) = text.split_once(";burst=").unwrap_or((text, text));
        let (per_minute, burst) = (rate.parse::<u32>()?, burst.parse::<u32>()?);
        let interval = 60_000_000_u64.div_ceil(u64::from(per_minute.max(1)));
        Ok(Self { per_minute, burst, interval, capacity: u64::from(burst) * interval })
    }
}

#[cfg(test)]
mod tests {
    use super::Quota;

    #[test]
    fn a_bucket_is_spent_and_comes_back_one_by_one() {
        let quota: Quota = "30;burst=3".parse().expect("a quota");
        let (mut full_at, now) = (0, 1_811_851_200_000_000);
        let admitted = (0..9).filter(|_| quota.take(&mut full_at, now).admitted).count();
        assert_eq!(admitted, 3);
        let refused = quota.take(&mut full_at, now);
        let told = (refused.remaining(quota), refused.next(quota), refused.wait(quota));
        assert_eq!((told, refused.reset()), ((0, 2, 2), 6));
        assert!(!quota.take(&mut full_at, now + 1_999_999).admitted);
        assert!(quota.take(&mut full_at, now + 2_000_000).admitted);
        assert!(!quota.take(&mut full_at, now - 3_600_000_000).admitted, "a clock set back");
        assert!(quota.take(&mut full_at, now - 3_598_000_000).admitted, "locks nobody out");
    }
}
