//! The printed tables of deliveries.

use std::fmt::Write as _;

use super::drain::Drain;
use super::fairness::Fairness;
use super::growth::Growth;
use super::latency::{Latency, Times};
use super::{Deliveries, KINDS};

/// Writes the tables.
pub(crate) fn write(found: &[Deliveries], text: &mut String) -> std::fmt::Result {
    if found.is_empty() {
        return Ok(());
    }
    drains(found, text)?;
    latencies(found, text)?;
    fairness(found, text)?;
    growth(found, text)
}

fn drains(found: &[Deliveries], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| deliveries of what waits, to | stores | server | deliveries/s | to {} | server CPU \
         µs/delivery |",
        KINDS[0].name()
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|")?;
    for (found, drain) in found.iter().flat_map(|it| it.drains.iter().map(move |drain| (it, drain)))
    {
        let Drain { server, endpoints, per_second, server_cpu_us_per_delivery: cpu, ratio, .. } =
            drain;
        writeln!(
            text,
            "| {endpoints} endpoint(s) | {} | {} | {per_second:.0} | {ratio:.2} | {cpu:.0} |",
            found.stores.name(),
            server.name(),
        )?;
    }
    writeln!(text)
}

fn latencies(found: &[Deliveries], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| from the answer to a write to the receipt of its event | stores | server | deliveries | \
         p50 ms | p99 ms | of each round |"
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|---|")?;
    for (found, one) in found.iter().flat_map(|it| it.latencies.iter().map(move |one| (it, one))) {
        let Latency { server, writes_per_second, times, times_of_rounds } = one;
        let Times { deliveries, p50_ms, p99_ms } = times;
        let p99s: Vec<_> = times_of_rounds.iter().map(|times| times.p99_ms).collect();
        writeln!(
            text,
            "| {writes_per_second:.0} writes/s, 1 endpoint | {} | {} | {deliveries} | {p50_ms:.2} | \
             {p99_ms:.2} | {} |",
            found.stores.name(),
            server.name(),
            listed(&p99s)
        )?;
    }
    writeln!(text)
}

fn fairness(found: &[Deliveries], text: &mut String) -> std::fmt::Result {
    let Some(Deliveries { fairness: first, .. }) = found.first() else { return Ok(()) };
    writeln!(
        text,
        "| the same to {} of {} endpoints, {}, {:.0} write(s)/s | stores | deliveries | p50 ms | \
         p99 ms | p99 ratio |",
        first.endpoints - 1,
        first.endpoints,
        KINDS[0].name(),
        first.writes_per_second
    )?;
    writeln!(text, "|---|---|---:|---:|---:|---:|")?;
    for Deliveries { stores, fairness, .. } in found {
        let Fairness { slow_ms, without, with, ratio, .. } = fairness;
        let one = format!("the other one answers after {slow_ms} ms");
        for (who, times, ratio) in [
            ("the other one is as fast", without, String::new()),
            (&*one, with, format!("{ratio:.2}")),
        ] {
            let Times { deliveries, p50_ms, p99_ms } = times;
            let stores = stores.name();
            writeln!(
                text,
                "| {who} | {stores} | {deliveries} | {p50_ms:.2} | {p99_ms:.2} | {ratio} |"
            )?;
        }
    }
    writeln!(text)
}

fn growth(found: &[Deliveries], text: &mut String) -> std::fmt::Result {
    let waiting = found.first().and_then(|found| found.growth.first()).map(|growth| growth.waiting);
    let [few, many] = waiting.unwrap_or_default();
    writeln!(
        text,
        "| events/s, {}, while so many wait for one endpoint | stores | {few} | {many} | ratio |",
        KINDS[0].name()
    )?;
    writeln!(text, "|---|---|---:|---:|---:|")?;
    for (found, one) in found.iter().flat_map(|it| it.growth.iter().map(move |one| (it, one))) {
        let Growth { what, per_second: [few, many], ratio, .. } = one;
        writeln!(text, "| {what} | {} | {few:.0} | {many:.0} | {ratio:.2} |", found.stores.name())?;
    }
    writeln!(text)
}

fn listed(values: &[f64]) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("{value:.2}")).collect();
    values.join(" ")
}
