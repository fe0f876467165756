//! The figures of one level of load, over all rounds.

use std::time::Duration;

use serde::Serialize;

use super::tally::{Others, Tally};
use crate::measured::percentile;
use crate::process::Kind;
use crate::spread::Spread;
use crate::stores::Stores;

/// A server under load that does not wait for it.
#[derive(Serialize)]
pub(crate) struct Overload {
    pub(crate) operation: &'static str,
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    /// The rate of a closed loop, which is the maximum.
    pub(crate) most_per_second: Spread,
    pub(crate) levels: Vec<Level>,
}

/// The answers to requests at a fixed share of the maximum.
#[derive(Serialize)]
pub(crate) struct Level {
    /// The offered rate, in percent of the maximum of the same round.
    pub(crate) percent: u64,
    pub(crate) offered_per_second: Spread,
    /// The rate of successes within a second after their schedule.
    pub(crate) good_per_second: Spread,
    /// The ratio of that rate to the maximum of the same round.
    pub(crate) good_of_most: Spread,
    /// The latency of successes since their schedule, if there were any in each round.
    pub(crate) latency: Option<Latency>,
    /// The requests of all rounds that were not sent, because too many were open.
    pub(crate) lost: usize,
    pub(crate) others: Others,
    /// How late the generator itself was, which is a part of the latency.
    pub(crate) generator_p99_ms: Spread,
}

/// The latency since the schedule, in milliseconds.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_ms: Spread,
    pub(crate) p99_ms: Spread,
}

/// One measurement.
pub(super) struct Round {
    pub(super) most_per_second: f64,
    pub(super) time: Duration,
    pub(super) tally: Tally,
}

impl Level {
    /// The figures of these rounds, if there are any.
    pub(super) fn of(percent: u64, rounds: &mut [Round]) -> Option<Self> {
        let mut others = Others::default();
        for Round { tally, .. } in rounds.iter_mut() {
            tally.latencies.sort_unstable();
            tally.handed_out_late.sort_unstable();
            others.add(tally.others);
        }
        let spread = |value: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(value));
        let good = |round: &Round| round.tally.good as f64 / round.time.as_secs_f64();
        let ms = |sorted: &[Duration], percent| percentile(sorted, percent).as_secs_f64() * 1e3;
        let latency = |percent| spread(&|round| ms(&round.tally.latencies, percent));
        let answered = rounds.iter().all(|round| !round.tally.latencies.is_empty());
        Some(Self {
            percent,
            offered_per_second: spread(&|round| round.most_per_second * percent as f64 / 100.0)?,
            good_per_second: spread(&good)?,
            good_of_most: spread(&|round| good(round) / round.most_per_second)?,
            latency: match answered {
                true => Some(Latency { p50_ms: latency(50)?, p99_ms: latency(99)? }),
                false => None,
            },
            lost: rounds.iter().map(|round| round.tally.lost).sum(),
            others,
            generator_p99_ms: spread(&|round| ms(&round.tally.handed_out_late, 99))?,
        })
    }
}
