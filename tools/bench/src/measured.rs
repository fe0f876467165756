//! The figures of a measurement.

use std::time::Duration;

use serde::Serialize;

use crate::load::Operation;
use crate::process::{Kind, Server};
use crate::stores::Stores;

/// The subject of a measurement.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    operation: Operation,
    stores: Stores,
    server: Kind,
}

impl Subject {
    /// An operation of a server.
    pub(crate) fn of(operation: Operation, server: &Server) -> Self {
        Self { operation, stores: server.stores, server: server.kind }
    }
}

/// One measurement.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Measured {
    pub(crate) operation: &'static str,
    pub(crate) stores: Stores,
    pub(crate) server: Kind,
    pub(crate) round: u64,
    pub(crate) requests: usize,
    /// The rate of requests that were sent and answered within the measured time.
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU time of the server, user and system. A busy neighbour disturbs this figure least.
    pub(crate) server_cpu_us_per_request: f64,
}

impl Measured {
    /// Computes the figures from the sorted latencies.
    pub(crate) fn new(
        subject: Subject,
        round: u64,
        time: Duration,
        cpu: Duration,
        latencies: &[Duration],
    ) -> Self {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let requests = latencies.len();
        Self {
            operation: subject.operation.name(),
            stores: subject.stores,
            server: subject.server,
            round,
            requests,
            requests_per_second: requests as f64 / time.as_secs_f64(),
            p50_us: us(percentile(latencies, 50)),
            p99_us: us(percentile(latencies, 99)),
            server_cpu_us_per_request: us(cpu) / requests as f64,
        }
    }
}

/// The smallest value that `percent` of the values do not exceed.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::percentile;
    use std::time::Duration;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
    }
}
