//! What became of the requests of a schedule.

use std::time::Duration;

use serde::Serialize;

/// An answer that comes later after its schedule is of no use to its client any more.
pub(super) const USEFUL: Duration = Duration::from_secs(1);

/// The requests of one measurement, each of which is counted once.
#[derive(Default)]
pub(super) struct Tally {
    /// Successes within [`USEFUL`].
    pub(super) good: usize,
    pub(super) others: Others,
    /// Requests that were not sent, because too many were open.
    pub(super) lost: usize,
    /// The times of all successes since their schedule.
    pub(super) latencies: Vec<Duration>,
    /// How late the generator itself was.
    pub(super) handed_out_late: Vec<Duration>,
}

/// Requests without a success in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Others {
    /// Successes that came too late.
    pub(crate) late: usize,
    /// Answers 429.
    pub(crate) too_many: usize,
    /// Answers 503.
    pub(crate) unavailable: usize,
    /// Other answers, and connections that the server closed.
    pub(crate) failed: usize,
}

impl Tally {
    /// Counts an answer, `after` its schedule. No status: there was no answer.
    pub(super) fn count(&mut self, status: Option<u16>, success: u16, after: Duration) {
        match status {
            Some(status) if status == success => {
                self.latencies.push(after);
                let count = if after <= USEFUL { &mut self.good } else { &mut self.others.late };
                *count += 1;
            }
            Some(429) => self.others.too_many += 1,
            Some(503) => self.others.unavailable += 1,
            _ => self.others.failed += 1,
        }
    }

    /// Adds the requests of another client.
    pub(super) fn add(&mut self, mut other: Self) {
        self.good += other.good;
        self.others.add(other.others);
        self.lost += other.lost;
        self.latencies.append(&mut other.latencies);
        self.handed_out_late.append(&mut other.handed_out_late);
    }
}

impl Others {
    /// Adds the requests of another measurement.
    pub(super) fn add(&mut self, other: Self) {
        self.late += other.late;
        self.too_many += other.too_many;
        self.unavailable += other.unavailable;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::{Others, Tally, USEFUL};
    use std::time::Duration;

    #[test]
    fn only_a_success_in_time_is_good() {
        let mut tally = Tally::default();
        let (soon, late) = (Duration::from_millis(3), USEFUL * 2);
        for (status, after) in [
            (Some(200), soon),
            (Some(200), late),
            (Some(429), soon),
            (Some(503), soon),
            (Some(500), soon),
            (None, soon),
        ] {
            tally.count(status, 200, after);
        }
        assert_eq!((tally.good, tally.latencies), (1, vec![soon, late]));
        let others = Others { late: 1, too_many: 1, unavailable: 1, failed: 2 };
        assert_eq!(tally.others, others);
    }
}
