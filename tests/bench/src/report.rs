//! What is kept (JSON) and what is shown (Markdown).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::Settings;
use crate::load::Operation;
use crate::machine::Machine;
use crate::process::Kind;

/// What scripts/bench builds.
const FUNCTIONS: [&str; 5] = ["gateway", "auth", "docs", "events", "projects"];

/// Everything that a run has found.
#[derive(Serialize)]
pub(crate) struct Report {
    /// When, in UTC.
    pub(crate) date: String,
    /// How.
    pub(crate) parameters: Parameters,
    /// Where.
    pub(crate) machine: Machine,
    /// With what.
    pub(crate) versions: BTreeMap<String, String>,
    /// The size of each function.
    pub(crate) wasm_bytes: BTreeMap<String, u64>,
    /// How long each server takes until it is ready.
    pub(crate) starts: Vec<Start>,
    /// Every measurement of every round.
    pub(crate) measured: Vec<Measured>,
}

/// The settings of a run.
#[derive(Serialize)]
pub(crate) struct Parameters {
    seconds: u64,
    warm_seconds: u64,
    rounds: u64,
    connections: u64,
    projects: u64,
}

impl Parameters {
    /// As they were given.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            seconds: settings.seconds,
            warm_seconds: settings.warm,
            rounds: settings.rounds,
            connections: settings.connections,
            projects: settings.projects,
        }
    }
}

/// From the start of the process to the first 200 of `/readyz`, in milliseconds.
#[derive(Serialize)]
pub(crate) struct Start {
    server: Kind,
    /// When everything must be compiled first.
    cold_cache_ms: Option<f64>,
    /// The fastest when nothing must be.
    warm_cache_ms: f64,
}

impl Start {
    /// From what was measured.
    pub(crate) fn new(server: Kind, cold: Option<Duration>, warm: Duration) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        Self { server, cold_cache_ms: cold.map(ms), warm_cache_ms: ms(warm) }
    }
}

/// One measurement.
#[derive(Serialize)]
pub(crate) struct Measured {
    operation: &'static str,
    server: Kind,
    round: u64,
    requests: usize,
    /// Sent and answered in the measured time.
    pub(crate) requests_per_second: f64,
    p50_us: f64,
    p99_us: f64,
    /// CPU time of the server, user and system: what a busy neighbour disturbs least.
    server_cpu_us_per_request: f64,
}

impl Measured {
    /// From the sorted latencies.
    pub(crate) fn new(
        operation: Operation,
        server: Kind,
        round: u64,
        time: Duration,
        cpu: Duration,
        latencies: &[Duration],
    ) -> Self {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let requests = latencies.len();
        Self {
            operation: operation.name(),
            server,
            round,
            requests,
            requests_per_second: requests as f64 / time.as_secs_f64(),
            p50_us: us(percentile(latencies, 50)),
            p99_us: us(percentile(latencies, 99)),
            server_cpu_us_per_request: us(cpu) / requests as f64,
        }
    }
}

/// The smallest value that is not exceeded by `percent` of them.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).copied().unwrap_or_default()
}

/// Now, in UTC.
pub(crate) fn today() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

/// The sizes of the gateway and of the functions, as they are deployed.
pub(crate) fn sizes(workspace: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    let directory = workspace.join("target").join("wasm32-wasip2").join("guest");
    let mut sizes = BTreeMap::new();
    for name in FUNCTIONS {
        let file = directory.join(format!("{name}.wasm"));
        let size = fs::metadata(&file).with_context(|| file.display().to_string())?.len();
        sizes.insert(name.to_owned(), size);
    }
    Ok(sizes)
}

impl Report {
    /// Writes it as JSON.
    pub(crate) fn write(&self, file: &Path) -> anyhow::Result<()> {
        fs::write(file, serde_json::to_string_pretty(self)? + "\n")
            .with_context(|| file.display().to_string())
    }

    /// The fastest round of an operation on a server.
    fn best(&self, operation: &str, server: Kind) -> Option<&Measured> {
        let rounds =
            self.measured.iter().filter(|m| m.operation == operation && m.server == server);
        rounds.max_by(|a, b| a.requests_per_second.total_cmp(&b.requests_per_second))
    }

    /// The tables.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.tables(&mut text);
        text
    }

    fn tables(&self, text: &mut String) -> std::fmt::Result {
        let Parameters { seconds, rounds, connections, projects, .. } = &self.parameters;
        writeln!(
            text,
            "{}: {}, {} cores, load average {}; {connections} connections, {projects} projects, \
             best of {rounds} rounds of {seconds} s\n",
            self.date, self.machine.cpu, self.machine.cores, self.machine.load_average
        )?;
        writeln!(
            text,
            "| operation | server | requests/s | ratio | p50 | p99 | server CPU/request | CPU ratio | rounds |"
        )?;
        writeln!(text, "|---|---|---:|---:|---:|---:|---:|---:|---|")?;
        for operation in Operation::ALL.map(Operation::name) {
            let Some(native) = self.best(operation, Kind::Native) else { continue };
            for server in Kind::ALL {
                let Some(best) = self.best(operation, server) else { continue };
                let rounds =
                    self.measured.iter().filter(|m| m.operation == operation && m.server == server);
                let rounds: Vec<_> =
                    rounds.map(|m| format!("{:.0}", m.requests_per_second)).collect();
                writeln!(
                    text,
                    "| {operation} | {} | {:.0} | {:.2} | {:.2} ms | {:.2} ms | {:.1} µs | {:.2} | {} |",
                    server.name(),
                    best.requests_per_second,
                    best.requests_per_second / native.requests_per_second,
                    best.p50_us / 1e3,
                    best.p99_us / 1e3,
                    best.server_cpu_us_per_request,
                    native.server_cpu_us_per_request / best.server_cpu_us_per_request,
                    rounds.join(", ")
                )?;
            }
        }
        writeln!(text, "\n| start to first 200 of /readyz | compiled before | nothing compiled |")?;
        writeln!(text, "|---|---:|---:|")?;
        for Start { server, cold_cache_ms, warm_cache_ms } in &self.starts {
            let cold = cold_cache_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0} ms"));
            writeln!(text, "| {} | {warm_cache_ms:.0} ms | {cold} |", server.name())?;
        }
        let sizes = self.wasm_bytes.iter();
        let sizes: Vec<_> =
            sizes.map(|(name, bytes)| format!("{name} {} kB", bytes / 1000)).collect();
        write!(text, "\nWebAssembly: {}", sizes.join(", "))
    }
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
