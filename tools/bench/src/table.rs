//! The printed report, as Markdown.

use std::fmt::Write as _;

use crate::beside::Beside;
use crate::costs::Cost;
use crate::report::{Hosts, Page, Parameters, Report, Scaling, Start};
use crate::stores::Stores;
use crate::summary::Summary;
use crate::{deliveries, guarantees, overload};

/// The tables.
pub(crate) fn markdown(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, text: &mut String) -> std::fmt::Result {
    let Parameters { seconds, rounds, connections, projects, .. } = &report.parameters;
    writeln!(
        text,
        "{}: {}, {} cores, load average {}; {connections} connections, {projects} projects, \
         {rounds} rounds of {seconds} s: median (least–most)\n",
        report.date, report.machine.cpu, report.machine.cores, report.machine.load_average
    )?;
    if !report.summary.is_empty() {
        comparison(report, text)?;
    }
    if !report.costs.is_empty() {
        costs(&report.costs, text)?;
    }
    if !report.beside.is_empty() {
        beside(&report.beside, text)?;
    }
    overload::write(&report.overload, text)?;
    for scaling in &report.scaling {
        long_list(scaling, text)?;
    }
    if !report.hosts.is_empty() {
        hosts(&report.hosts, text)?;
    }
    deliveries::write(&report.deliveries, text)?;
    let sizes = report.wasm_bytes.iter();
    let sizes: Vec<_> = sizes.map(|(name, bytes)| format!("{name} {} kB", bytes / 1000)).collect();
    write!(text, "WebAssembly: {}", sizes.join(", "))
}

/// The comparison of the servers.
fn comparison(report: &Report, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| operation | stores | server | requests/s | ratio | p50 ms | p99 ms | \
         server CPU µs/request | CPU ratio |"
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|---:|---:|---:|")?;
    for Summary { figures, ratio, cpu_ratio, .. } in &report.summary {
        writeln!(
            text,
            "| {} | {} | {} | {:.0} | {ratio:.2} | {:.2} | {:.2} | {:.0} | {cpu_ratio:.2} |",
            figures.operation,
            figures.stores.name(),
            figures.server.name(),
            figures.requests_per_second,
            figures.p50_us.per(1e3),
            figures.p99_us.per(1e3),
            figures.server_cpu_us_per_request
        )?;
    }
    if report.summary.iter().any(|row| row.figures.stores == Stores::External) {
        writeln!(
            text,
            "\nThe CPU time is that of the server; what PostgreSQL and Redis spend for it is not in it."
        )?;
    }
    writeln!(text)?;
    guarantees::write(&report.summary, text)?;
    writeln!(
        text,
        "| start to first 200 of /readyz | stores | compiled before | nothing compiled |"
    )?;
    writeln!(text, "|---|---|---:|---:|")?;
    for Start { stores, server, cold_cache_ms, warm_cache_ms } in &report.starts {
        let cold = cold_cache_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.0} ms"));
        writeln!(
            text,
            "| {} | {} | {warm_cache_ms:.0} ms | {cold} |",
            server.name(),
            stores.name()
        )?;
    }
    writeln!(text)
}

/// The cost of limits and idempotency keys.
fn costs(costs: &[Cost], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| one / the other | stores | server | requests/s | the other | ratio | \
         µs more on one connection | than µs | server CPU µs/request | the other |"
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|---:|---:|---:|---:|")?;
    for Cost { what, with, without, ratio, us_without, us_more, .. } in costs {
        writeln!(
            text,
            "| {what} | {} | {} | {:.0} | {:.0} | {ratio:.2} | {us_more:.0} | {us_without:.0} | \
             {:.0} | {:.0} |",
            with.stores.name(),
            with.server.name(),
            with.requests_per_second,
            without.requests_per_second,
            with.server_cpu_us_per_request,
            without.server_cpu_us_per_request
        )?;
    }
    writeln!(
        text,
        "\nThe µs are latency, not a share of the rate: what the one takes longer on a single \
         connection, where\nnothing queues (the difference of two medians within a turn).\n"
    )
}

/// Reads alone and beside what others do.
fn beside(found: &[Beside], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| point reads beside | server | stores | ratio of p99 | p50 ms | alone | p99 ms | alone | \
         longest ms | alone | requests of others | refused |"
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    for one in found {
        let Beside { stores, server, alone, beside, ratio, disturbance, .. } = one;
        writeln!(
            text,
            "| {} | {} | {} | {ratio:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.1} | {} | {} |",
            disturbance.name(),
            server.name(),
            stores.name(),
            beside.p50_ms,
            alone.p50_ms,
            beside.p99_ms,
            alone.p99_ms,
            beside.most_ms,
            alone.most_ms,
            one.requests,
            one.refused
        )?;
    }
    writeln!(text)
}

/// The page of a short list and that of a long one.
fn long_list(scaling: &Scaling, text: &mut String) -> std::fmt::Result {
    let Scaling { stores, connections, pages, ratio, .. } = scaling;
    writeln!(
        text,
        "| page of 20 from the middle, latest first, fused, {}, {connections} connection(s) | \
         p50 ms | p99 ms | server CPU µs/request |",
        stores.name()
    )?;
    writeln!(text, "|---|---:|---:|---:|")?;
    for Page { rows, measured } in pages {
        writeln!(
            text,
            "| of {rows} rows of one tenant | {:.3} | {:.3} | {:.0} |",
            measured.p50_us / 1e3,
            measured.p99_us / 1e3,
            measured.server_cpu_us_per_request
        )?;
    }
    writeln!(text, "\np50 of the long list to that of the short one: {ratio:.2}\n")
}

/// One host compared with two.
fn hosts(hosts: &[Hosts], text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "| operation, fused, external | 1 host, requests/s | 2 hosts, requests/s | ratio | \
         p50 ms | p99 ms | CPU µs/request, both |"
    )?;
    writeln!(text, "|---|---:|---:|---:|---:|---:|---:|")?;
    for Hosts { one, two, ratio, .. } in hosts {
        writeln!(
            text,
            "| {} | {:.0} | {:.0} | {ratio:.2} | {:.2} | {:.2} | {:.0} |",
            one.operation,
            one.requests_per_second,
            two.requests_per_second,
            two.p50_us.per(1e3),
            two.p99_us.per(1e3),
            two.server_cpu_us_per_request
        )?;
    }
    writeln!(
        text,
        "\nBoth hosts, their PostgreSQL and Redis and the clients share the cores of this machine: \
         the ratio\ntells what sharing stores costs, not what a second machine would bring.\n"
    )
}
