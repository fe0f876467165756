//! A quota: a rate, and the units that may be taken at once.

use std::str::FromStr;

use protocol::Limit;

/// A quota: `burst` units at once, of which `per_minute` come back every minute. So no minute,
/// wherever it begins, admits more than the sum of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Units that come back each minute; 0 means no limit.
    pub per_minute: u32,
    /// Units of a full bucket.
    pub burst: u32,
}

impl Quota {
    /// A quota whose full bucket holds the units of one minute.
    pub const fn per_minute(units: u32) -> Self {
        Self { per_minute: units, burst: units }
    }

    /// The quota that the contract gives to a class of operations.
    pub(crate) fn of(limit: &Limit) -> Self {
        Self { per_minute: limit.per_minute, burst: limit.burst }
    }

    /// Whether there is no limit.
    pub fn is_unlimited(self) -> bool {
        self.per_minute == 0
    }

    /// The quota that admits only what both admit.
    pub(super) fn and(self, other: Self) -> Self {
        match (self.is_unlimited(), other.is_unlimited()) {
            (true, _) => other,
            (_, true) => self,
            _ => Self {
                per_minute: self.per_minute.min(other.per_minute),
                burst: self.burst.min(other.burst),
            },
        }
    }

    /// Microseconds until one unit is back. They are rounded up, so that never more than
    /// `per_minute` come back. A rate above 60 million a minute counts as 60 million.
    pub(super) fn interval(self) -> u64 {
        60_000_000_u64.div_ceil(u64::from(self.per_minute.max(1)))
    }

    /// Microseconds until an empty bucket is full.
    pub(super) fn capacity(self) -> u64 {
        u64::from(self.burst) * self.interval()
    }
}

/// Reads `150` or `150;burst=300`; 0 means no limit.
impl FromStr for Quota {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is neither a number of requests, such as 150, nor one with a burst, such as 150;burst=300";
        let (rate, burst) = match text.split_once(';') {
            Some((rate, burst)) => (rate, burst.trim().strip_prefix("burst=").ok_or(WRONG)?),
            None => (text, text),
        };
        let number = |text: &str| text.trim().parse::<u32>().map_err(|_| WRONG);
        let quota = Self { per_minute: number(rate)?, burst: number(burst)? };
        match quota {
            Self { per_minute: 1.., burst: 0 } => Err("has a burst of 0, which admits nothing"),
            _ => Ok(quota),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_quotas_admit_what_both_do() {
        let (few, many, none) =
            (Quota { per_minute: 10, burst: 50 }, Quota::per_minute(20), Quota::per_minute(0));
        assert_eq!(few.and(many), Quota { per_minute: 10, burst: 20 });
        assert_eq!((few.and(none), none.and(few)), (few, few));
        assert!(none.and(none).is_unlimited());
    }

    #[test]
    fn a_setting_is_a_rate_and_maybe_a_burst() {
        assert_eq!("150".parse(), Ok(Quota::per_minute(150)));
        assert_eq!("60;burst=10".parse(), Ok(Quota { per_minute: 60, burst: 10 }));
        assert_eq!(" 60 ; burst=10 ".parse(), Ok(Quota { per_minute: 60, burst: 10 }));
        assert!("0".parse::<Quota>().expect("no limit").is_unlimited());
        for wrong in ["", "many", "-1", "1.5", "60;10", "60;burst=", "60;burst=0", "5000000000"] {
            assert!(wrong.parse::<Quota>().is_err(), "{wrong}");
        }
    }
}
