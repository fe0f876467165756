//! The cost that a pair shows, from all its rounds.

use serde::Serialize;

use crate::measured::Measured;
use crate::spread::Spread;
use crate::summary::{Figures, ratios};

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
    /// The rates on all connections.
    pub(crate) with: Figures,
    pub(crate) without: Figures,
    /// The ratio of requests per second within a round.
    pub(crate) ratio: Spread,
    pub(crate) ratio_of_rounds: Vec<f64>,
    /// Median latency on a single connection, over all turns, in microseconds.
    pub(crate) us_with: Spread,
    pub(crate) us_without: Spread,
    /// The extra time of the one over the other within a turn, in microseconds.
    pub(crate) us_more: Spread,
    pub(crate) us_more_of_turns: Vec<f64>,
}

impl Cost {
    /// Computes the cost from the rounds, if there are any.
    pub(super) fn of(what: &'static str, rounds: &[Round]) -> Option<Self> {
        let (with, without): (Vec<_>, Vec<_>) =
            rounds.iter().map(|round| (round.with, round.without)).unzip();
        let turns: Vec<Turn> = rounds.iter().flat_map(|round| &round.turns).copied().collect();
        let of_turns = |value: fn(&Turn) -> f64| turns.iter().map(value).collect::<Vec<_>>();
        let us_more_of_turns = of_turns(|turn| turn.with - turn.without);
        let ratio_of_rounds = ratios(&with, &without);
        Some(Self {
            what,
            with: Figures::of(&with)?,
            without: Figures::of(&without)?,
            ratio: Spread::of(ratio_of_rounds.iter().copied())?,
            ratio_of_rounds,
            us_with: Spread::of(of_turns(|turn| turn.with))?,
            us_without: Spread::of(of_turns(|turn| turn.without))?,
            us_more: Spread::of(us_more_of_turns.iter().copied())?,
            us_more_of_turns,
        })
    }
}
