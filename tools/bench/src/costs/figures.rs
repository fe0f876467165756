//! The cost that a pair shows, from all its rounds.

use serde::Serialize;

use crate::measured::Measured;

/// Median latencies of a pair on a single connection, in microseconds.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) with: f64,
    pub(super) without: f64,
}

/// The results of one round.
pub(super) struct Round {
    pub(super) turns: Vec<Turn>,
    /// The rate on all connections.
    pub(super) with: Measured,
    pub(super) without: Measured,
}

/// The cost of something for a request.
#[derive(Serialize)]
pub(crate) struct Cost {
    pub(crate) what: &'static str,
    /// The best round of each, on all connections.
    pub(crate) with: Measured,
    pub(crate) without: Measured,
    /// The ratio of requests per second, best round to best round.
    pub(crate) ratio: f64,
    /// The same ratio within each round.
    pub(crate) ratio_of_rounds: Vec<f64>,
    /// Median latency on a single connection, the median of all turns, in microseconds.
    pub(crate) us_with: f64,
    pub(crate) us_without: f64,
    /// The extra time of the one over the other, in microseconds: the median of the differences of
    /// all turns.
    pub(crate) us_more: f64,
    pub(crate) us_more_of_turns: Vec<f64>,
}

impl Cost {
    /// Computes the cost from the rounds, if there are any.
    pub(super) fn of(what: &'static str, rounds: &[Round]) -> Option<Self> {
        let rate = |measured: &Measured| measured.requests_per_second;
        let best = |side: fn(&Round) -> Measured| {
            rounds.iter().map(side).max_by(|a, b| rate(a).total_cmp(&rate(b)))
        };
        let (with, without) = (best(|round| round.with)?, best(|round| round.without)?);
        let turns: Vec<Turn> = rounds.iter().flat_map(|round| &round.turns).copied().collect();
        let of_turns = |value: fn(&Turn) -> f64| turns.iter().map(value).collect::<Vec<_>>();
        let us_more_of_turns = of_turns(|turn| turn.with - turn.without);
        Some(Self {
            what,
            with,
            without,
            ratio: rate(&with) / rate(&without),
            ratio_of_rounds: rounds.iter().map(|r| rate(&r.with) / rate(&r.without)).collect(),
            us_with: median(of_turns(|turn| turn.with)),
            us_without: median(of_turns(|turn| turn.without)),
            us_more: median(us_more_of_turns.clone()),
            us_more_of_turns,
        })
    }
}

/// The middle value, or the mean of the two middle ones.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = |at: usize| values.get(at).copied().unwrap_or_default();
    f64::midpoint(middle(values.len().saturating_sub(1) / 2), middle(values.len() / 2))
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]).to_bits(), 3.0_f64.to_bits());
        assert_eq!(median(Vec::new()).to_bits(), 0.0_f64.to_bits());
    }
}
