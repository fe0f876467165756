//! The figures of all rounds, and how servers compare within a round.

use serde::Serialize;

use crate::measured::Measured;
use crate::process::Kind;
use crate::spread::Spread;
use crate::stores::Stores;

/// The figures of an operation on a server, over all rounds.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) operation: &'static str,
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    pub(crate) requests_per_second: Spread,
    pub(crate) p50_us: Spread,
    pub(crate) p99_us: Spread,
    /// CPU time of the server, user and system.
    pub(crate) server_cpu_us_per_request: Spread,
}

impl Figures {
    /// The figures of these rounds, if there are any.
    pub(crate) fn of(rounds: &[Measured]) -> Option<Self> {
        let first = rounds.first()?;
        let spread = |value: fn(&Measured) -> f64| Spread::of(rounds.iter().map(value));
        Some(Self {
            operation: first.operation,
            stores: first.stores,
            server: first.server,
            requests_per_second: spread(|round| round.requests_per_second)?,
            p50_us: spread(|round| round.p50_us)?,
            p99_us: spread(|round| round.p99_us)?,
            server_cpu_us_per_request: spread(|round| round.server_cpu_us_per_request)?,
        })
    }
}

/// The ratios of requests per second within each round, in which a busy neighbour disturbs both.
pub(crate) fn ratios(ours: &[Measured], theirs: &[Measured]) -> Vec<f64> {
    let rate = |measured: &Measured| measured.requests_per_second;
    ours.iter().zip(theirs).map(|(ours, theirs)| rate(ours) / rate(theirs)).collect()
}

/// An operation on a server, and how it compares with the native one.
#[derive(Serialize)]
pub(crate) struct Summary {
    #[serde(flatten)]
    pub(crate) figures: Figures,
    /// The ratio of requests per second within a round.
    pub(crate) ratio: Spread,
    /// The ratio of CPU time per request within a round, native to this server.
    pub(crate) cpu_ratio: Spread,
    pub(crate) ratio_of_rounds: Vec<f64>,
}

impl Summary {
    /// The summary of each operation and server, in the order of the first round.
    pub(crate) fn of(measured: &[Measured]) -> Vec<Self> {
        let rounds = |of: &Measured, server: Kind| -> Vec<Measured> {
            let same = |m: &&Measured| {
                m.operation == of.operation && m.stores == of.stores && m.server == server
            };
            measured.iter().filter(same).copied().collect()
        };
        let first = measured.iter().filter(|m| m.round == 1);
        let summaries = first.filter_map(|of| {
            let (ours, native) = (rounds(of, of.server), rounds(of, Kind::Native));
            let cpu = |measured: &Measured| measured.server_cpu_us_per_request;
            let ratio_of_rounds = ratios(&ours, &native);
            Some(Self {
                figures: Figures::of(&ours)?,
                ratio: Spread::of(ratio_of_rounds.iter().copied())?,
                cpu_ratio: Spread::of(native.iter().zip(&ours).map(|(a, b)| cpu(a) / cpu(b)))?,
                ratio_of_rounds,
            })
        });
        summaries.collect()
    }
}
