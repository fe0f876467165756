//! When a delivery is retried, and how healthy an endpoint is. This module has no input or output,
//! so that tests can run through years of it. Times are milliseconds.

use std::str::FromStr;

/// The share of a delay that is added at random, so that deliveries that failed together are not
/// retried together.
const JITTER: f64 = 0.1;
/// After this many failures in a row, an endpoint gets one delivery at a time.
pub(crate) const TRIPPED: i64 = 10;
/// The pause after [`TRIPPED`] failures. It doubles with each further failure.
const TRIPPED_PAUSE: i64 = 30_000;
const MAX_PAUSE: i64 = 600_000;
/// The pause after a status that asks for one (429, 502, 503, 504) but has no `Retry-After`.
const DEFAULT_PAUSE: i64 = 10_000;
/// The longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: i64 = 3_600_000;

/// The delays before the attempts of a delivery.
pub(crate) struct Schedule(Vec<i64>);

/// A time such as `2h` or `1m 30s`. `None` if the text is no such time.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    i64::try_from(humantime::parse_duration(text.trim()).ok()?.as_millis()).ok()
}

/// Reads delays such as `0s,5s,5m`.
impl FromStr for Schedule {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let delays = text.split(',').map(milliseconds).collect::<Option<Vec<_>>>();
        delays.map(Self).ok_or("is not a list of times; write 0s,5s,5m,2h")
    }
}

impl Schedule {
    /// The delay after `made` attempts, with `random` from 0 to 1. `None` if there are no more
    /// attempts.
    pub(crate) fn delay(&self, made: i64, random: f64) -> Option<i64> {
        let delay = *self.0.get(usize::try_from(made).ok()?)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        Some(delay + (delay as f64 * JITTER * random.clamp(0.0, 1.0)) as i64)
    }
}

/// The outcome of one delivery request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 2xx.
    Delivered,
    /// 410: the endpoint is gone.
    Gone,
    /// Any other status, or no answer. `retry_after` is in milliseconds. `slow` says
    /// that the receiver is overloaded.
    Failed { slow: bool, retry_after: Option<i64> },
}

impl Outcome {
    /// The outcome for a status.
    pub(crate) fn of(status: u16, retry_after: Option<i64>) -> Self {
        match status {
            200..=299 => Self::Delivered,
            410 => Self::Gone,
            _ => Self::Failed { slow: matches!(status, 429 | 502..=504), retry_after },
        }
    }

    /// The wait of `Retry-After`, in milliseconds, cut to the bounds.
    fn retry_after(self) -> Option<i64> {
        match self {
            Self::Failed { retry_after, .. } => {
                retry_after.map(|retry_after| retry_after.clamp(0, MAX_RETRY_AFTER))
            }
            _ => None,
        }
    }

    /// How long the whole endpoint is to be paused, in milliseconds.
    fn pause(self) -> Option<i64> {
        match self {
            Self::Failed { slow: true, .. } => Some(self.retry_after().unwrap_or(DEFAULT_PAUSE)),
            _ => None,
        }
    }

    /// When the delivery is retried. `made` counts the attempts, this one included. `None` if it is
    /// not retried.
    pub(crate) fn next(self, schedule: &Schedule, made: i64, now: i64, random: f64) -> Option<i64> {
        match self {
            Self::Failed { .. } => {
                let delay = schedule.delay(made, random)?;
                Some(now + delay.max(self.retry_after().unwrap_or_default()))
            }
            _ => None,
        }
    }
}

/// The health of an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Failed attempts since the last success.
    pub(crate) failures: i64,
    /// When the first of these failures was.
    pub(crate) failing_since: Option<i64>,
    /// Nothing is sent before this moment.
    pub(crate) paused_until: i64,
}

impl Health {
    /// The health after a batch of attempts. All failures of one batch together grow the pause by
    /// one step.
    pub(crate) fn after(self, outcomes: impl Iterator<Item = Outcome> + Clone, now: i64) -> Self {
        let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed { .. });
        let count = i64::try_from(outcomes.clone().filter(failed).count()).unwrap_or(i64::MAX);
        let slowed = outcomes.clone().filter_map(Outcome::pause).max().unwrap_or_default();
        let answers = outcomes.clone().any(|outcome| outcome == Outcome::Delivered);
        let mut health = if answers {
            Self { paused_until: self.paused_until, ..Self::default() }
        } else {
            self
        };
        let mut pause = slowed;
        if count > 0 && !answers {
            health.failures = (self.failures + count).min(self.failures.max(TRIPPED - 1) + 1);
            health.failing_since = self.failing_since.or(Some(now));
            let steps = u32::try_from(health.failures - TRIPPED).ok();
            let tripped = steps.map(|steps| (TRIPPED_PAUSE << steps.min(16)).min(MAX_PAUSE));
            pause = pause.max(tripped.unwrap_or_default());
        }
        if pause > 0 {
            health.paused_until = health.paused_until.max(now + pause);
        }
        health
    }

    /// Whether the endpoint gets one delivery at a time.
    pub(crate) fn is_tripped(self) -> bool {
        self.failures >= TRIPPED
    }

    /// Whether the endpoint has failed for so long that it is disabled.
    pub(crate) fn should_disable(self, now: i64, after: i64) -> bool {
        self.failing_since.is_some_and(|since| now - since >= after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: Outcome = Outcome::Failed { slow: false, retry_after: None };

    fn default() -> Schedule {
        "0s,5s,5m,30m,2h,5h,10h,10h,14h".parse().unwrap()
    }

    #[test]
    fn the_schedule_is_longer_than_a_day() {
        let schedule = default();
        let delays: Vec<i64> = (0..).map_while(|made| schedule.delay(made, 0.0)).collect();
        assert_eq!(delays.len(), 9);
        assert_eq!(delays[..3], [0, 5_000, 300_000]);
        assert!(delays.iter().sum::<i64>() > 24 * 3_600_000);
        assert_eq!(schedule.delay(9, 0.5), None);
    }

    #[test]
    fn jitter_adds_a_tenth_at_most() {
        let schedule = default();
        for random in 0..=100 {
            let delay = schedule.delay(2, f64::from(random) / 100.0).unwrap();
            assert!((300_000..=330_000).contains(&delay), "{delay}");
        }
    }

    #[test]
    fn a_schedule_that_cannot_be_read_is_none() {
        for bad in ["", "5", "0s,,5s", "soon"] {
            assert!(bad.parse::<Schedule>().is_err(), "{bad}");
        }
        assert!("0s, 100ms".parse::<Schedule>().is_ok());
    }

    #[test]
    fn retry_after_is_honoured_within_bounds() {
        let schedule = default();
        let at = |retry_after| {
            Outcome::Failed { slow: true, retry_after }.next(&schedule, 1, 1_000_000, 0.0)
        };
        assert_eq!(at(None), Some(1_005_000));
        assert_eq!(at(Some(60_000)), Some(1_060_000));
        assert_eq!(at(Some(1_000)), Some(1_005_000), "never sooner than the schedule");
        for long in [86_400_000, i64::MAX] {
            assert_eq!(at(Some(long)), Some(4_600_000), "an hour at most");
        }
        assert_eq!(at(Some(-5)), Some(1_005_000));
        assert_eq!(Outcome::Delivered.next(&schedule, 1, 0, 0.0), None);
        assert_eq!(FAILED.next(&schedule, 9, 0, 0.0), None);
    }

    #[test]
    fn answers_mean_what_they_say() {
        assert_eq!(Outcome::of(204, None), Outcome::Delivered);
        assert_eq!(Outcome::of(410, None), Outcome::Gone);
        for status in [100, 301, 307, 400, 404, 500] {
            assert_eq!(Outcome::of(status, None), FAILED, "{status}");
        }
        for status in [429, 502, 503, 504] {
            assert_eq!(
                Outcome::of(status, Some(7)),
                Outcome::Failed { slow: true, retry_after: Some(7) }
            );
        }
    }

    fn after(health: Health, outcomes: &[Outcome], now: i64) -> Health {
        health.after(outcomes.iter().copied(), now)
    }

    #[test]
    fn ten_failures_trip_it_and_one_success_heals_it() {
        let mut health = Health::default();
        for _ in 0..9 {
            health = after(health, &[FAILED], 1000);
        }
        assert_eq!((health.is_tripped(), health.paused_until), (false, 0));
        health = after(health, &[FAILED], 2000);
        assert!(health.is_tripped());
        assert_eq!(health.paused_until, 32_000);
        health = after(health, &[FAILED], 40_000);
        assert_eq!(health.paused_until, 100_000, "twice as long");
        for _ in 0..50 {
            health = after(health, &[FAILED], 1_000_000);
        }
        assert_eq!(health.paused_until, 1_600_000, "ten minutes at most");
        assert_eq!(health.failing_since, Some(1000));
        let healed = after(health, &[FAILED, Outcome::Delivered], 2_000_000);
        assert_eq!((healed.failures, healed.failing_since), (0, None));
    }

    #[test]
    fn a_batch_that_fails_is_one_step() {
        let health = after(Health::default(), &[FAILED; 32], 0);
        assert_eq!((health.failures, health.paused_until), (TRIPPED, 30_000));
    }

    #[test]
    fn who_has_too_much_to_do_is_left_alone() {
        let slow = |retry_after| {
            after(Health::default(), &[Outcome::Failed { slow: true, retry_after }], 0)
        };
        let pauses =
            [None, Some(60_000), Some(0)].map(|retry_after| slow(retry_after).paused_until);
        assert_eq!(pauses, [10_000, 60_000, 0]);
        let plain = Outcome::Failed { slow: false, retry_after: Some(60_000) };
        assert_eq!(after(Health::default(), &[plain], 0).paused_until, 0);
    }

    #[test]
    fn five_days_of_failures_are_enough() {
        let health = after(Health::default(), &[FAILED], 0);
        assert!(!health.should_disable(431_999_999, 432_000_000));
        assert!(health.should_disable(432_000_000, 432_000_000));
        assert!(!Health::default().should_disable(i64::MAX, 1));
    }
}
