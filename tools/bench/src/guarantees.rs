//! What a server guarantees when it answers a create. A rate of writes without it says nothing.

use std::fmt::Write as _;

use crate::kind::Kind;
use crate::load::Operation;
use crate::stores::Stores;
use crate::summary::Summary;

/// What is stored when the answer comes, and what survives a loss of power.
fn of(server: Kind, stores: Stores, keyed: bool) -> String {
    let receipt = if keyed { ", receipt of the key" } else { "" };
    let one = format!("project, event, audit entry{receipt}: one transaction");
    match (server, stores) {
        (Kind::Native | Kind::Fused | Kind::Composed, Stores::Embedded) => {
            format!("{one}, SQLite with WAL and synchronous=FULL: it survives a loss of power")
        }
        (Kind::Native | Kind::Fused | Kind::Composed, Stores::External) => {
            format!("{one}, PostgreSQL as it is configured")
        }
        (Kind::Spin, _) => format!("{one}, SQLite as Spin configures it"),
        (Kind::PocketBase, _) => {
            "project alone: no event, no audit entry, no receipt; SQLite with \
             WAL and synchronous=NORMAL: a loss of power may undo the last ones"
                .to_owned()
        }
    }
}

/// Writes the guarantees beside the rates, if creates were measured.
pub(crate) fn write(summary: &[Summary], text: &mut String) -> std::fmt::Result {
    let creates = [Operation::Create.name(), Operation::CreateOnce.name()];
    let rows: Vec<_> =
        summary.iter().filter(|row| creates.contains(&row.figures.operation)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(text, "| operation | stores | server | requests/s | guaranteed by the answer |")?;
    writeln!(text, "|---|---|---|---:|---|")?;
    for Summary { figures, .. } in rows {
        let keyed = figures.operation == Operation::CreateOnce.name();
        writeln!(
            text,
            "| {} | {} | {} | {:.0} | {} |",
            figures.operation,
            figures.stores.name(),
            figures.server.name(),
            figures.requests_per_second.median,
            of(figures.server, figures.stores, keyed)
        )?;
    }
    writeln!(text)
}
