//! Failed sign-ins in a row, and how long the next try has to wait, as the key-value store keeps
//! them.

use serde::{Deserialize, Serialize};

/// The number of failures in a row that cause no wait. It is more than a person mistypes, and few
/// compared to the hundred that NIST SP 800-63B section 5.2.2 allows.
const FREE_FAILURES: u32 = 10;
/// The first wait, in milliseconds. Each next wait is twice as long.
const FIRST_WAIT_MS: i64 = 30_000;
/// The longest wait, in milliseconds.
const MAX_WAIT_MS: i64 = 3_600_000;
/// After this time without a failure, the earlier failures are forgotten.
const RESET_MS: i64 = 86_400_000;

/// Tries in a row that did not succeed. All moments are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Failures {
    /// When the entry ends. It is the first member, because the sweep of the store reads it there.
    expires_at: i64,
    pub(crate) failures: u32,
    /// The earliest moment of the next try.
    next_at: i64,
    /// The id of the try that wrote the entry, so that of two tries at once neither takes the
    /// other's entry for its own.
    #[serde(default)]
    pub(crate) by: String,
}

impl Failures {
    pub(crate) fn read(held: Option<&[u8]>) -> Option<Self> {
        serde_json::from_slice(held?).ok()
    }

    /// Counts a try. If it comes too early, then the error is the wait that is left, in
    /// milliseconds.
    pub(crate) fn count(held: Option<Self>, now: i64) -> Result<Self, i64> {
        let failures = held.as_ref().filter(|held| held.expires_at > now);
        let failures = failures.map_or(0, |held| held.failures);
        // A wait beyond the longest one comes from a clock that was set back, so it is ignored.
        let wait = held.map_or(0, |held| held.next_at - now);
        if (1..=MAX_WAIT_MS).contains(&wait) {
            return Err(wait);
        }
        let failures = failures.saturating_add(1);
        let pause = match failures.checked_sub(FREE_FAILURES) {
            None => 0,
            Some(over) => (FIRST_WAIT_MS << over.min(16)).min(MAX_WAIT_MS),
        };
        let (expires_at, next_at) = (now + RESET_MS, now + pause);
        Ok(Self { expires_at, failures, next_at, by: String::new() })
    }

    /// The same entry, written by this try.
    pub(crate) fn by(self, by: String) -> Self {
        Self { by, ..self }
    }

    /// Takes one failure back, because one of the tries succeeded.
    pub(crate) fn decrement(self) -> Self {
        let failures = self.failures.saturating_sub(1);
        let next_at = if failures < FREE_FAILURES { 0 } else { self.next_at };
        Self { failures, next_at, ..self }
    }

    /// Takes one try back that was not checked at all. The next try, at `now`, need not wait for
    /// it. This try was let in, so the wait before it was over.
    pub(crate) fn withdraw(self, now: i64) -> Self {
        Self { next_at: self.next_at.min(now), ..self.decrement() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_811_851_200_000;

    /// The waits that tries meet if each is made as soon as it may be.
    fn waits(count: u32) -> Vec<i64> {
        let (mut held, mut now, mut waits) = (None, NOW, Vec::new());
        while waits.len() < count as usize {
            match Failures::count(held.clone(), now) {
                Ok(tries) => held = Some(tries),
                Err(wait) => {
                    waits.push(wait / 1000);
                    now += wait;
                }
            }
        }
        waits
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        assert_eq!(waits(9), [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    }

    #[test]
    fn some_are_free_and_a_day_forgets() {
        let mut held = None;
        for _ in 0..FREE_FAILURES {
            held = Some(Failures::count(held, NOW).expect("free"));
        }
        assert_eq!(Failures::count(held.clone(), NOW + 1), Err(FIRST_WAIT_MS - 1));
        let later = Failures::count(held, NOW + RESET_MS).expect("forgotten");
        assert_eq!((later.failures, later.next_at), (1, NOW + RESET_MS));
    }

    #[test]
    fn a_success_counts_as_none() {
        let mut held = None;
        for _ in 0..FREE_FAILURES {
            held = Some(Failures::count(held, NOW).expect("free").decrement());
        }
        assert_eq!(held.expect("an entry").failures, 0);
    }

    #[test]
    fn what_was_no_try_is_waited_for_by_nobody() {
        let (mut held, mut now) = (None, NOW);
        for _ in 0..FREE_FAILURES {
            held = Some(Failures::count(held, now).expect("free"));
        }
        now += FIRST_WAIT_MS;
        let before = held.clone().expect("an entry").failures;
        let taken = Failures::count(held, now).expect("it has waited");
        let undone = taken.withdraw(now + 1);
        assert_eq!(undone.failures, before);
        let again = Failures::count(Some(undone), now + 1).expect("nobody has looked at it");
        assert_eq!(Failures::count(Some(again), now + 2), Err(2 * FIRST_WAIT_MS - 1));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut held = None;
        for _ in 0..FREE_FAILURES {
            held = Some(Failures::count(held, NOW).expect("free"));
        }
        assert!(Failures::count(held, NOW - 2 * MAX_WAIT_MS).is_ok());
    }
}
