//! The printed table of load.

use std::fmt::Write as _;

use super::levels::{Level, Overload};
use super::tally::Others;

/// Writes the table.
pub(crate) fn write(found: &[Overload], text: &mut String) -> std::fmt::Result {
    if found.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "| open loop | stores | server | most/s | offered | p50 ms | p99 ms | good/s | good / most | \
         late | 429 | 503 | failed | not sent | generator p99 ms |"
    )?;
    writeln!(text, "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    for (of, level) in found.iter().flat_map(|of| of.levels.iter().map(move |level| (of, level))) {
        let Level { percent, good_per_second, good_of_most, latency, lost, .. } = level;
        let Others { late, too_many, unavailable, failed } = level.others;
        let latency = latency.map_or_else(
            || "– | –".to_owned(),
            |latency| format!("{:.2} | {:.2}", latency.p50_ms, latency.p99_ms),
        );
        writeln!(
            text,
            "| {} | {} | {} | {:.0} | {percent} % | {latency} | {good_per_second:.0} | \
             {good_of_most:.2} | {late} | {too_many} | {unavailable} | {failed} | {lost} | {:.2} |",
            of.operation,
            of.stores.name(),
            of.server.name(),
            of.most_per_second,
            level.generator_p99_ms
        )?;
    }
    writeln!(
        text,
        "\nThe latency runs from the schedule of a request, whether or not a connection was free for \
         it. Good is a\nsuccess within a second. The counts are those of all rounds together.\n"
    )
}
