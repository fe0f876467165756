//! The picture of the ratios to the native server.

use super::bars::{Bar, Bars, Group};
use crate::load::Operation;
use crate::process::Kind;
use crate::summary::Summary;

/// The guarantee of the write that is compared with more careful ones.
const OF_PEER: &str = "create on pocketbase: no event and no audit entry, and a loss of power may undo \
     it (synchronous=NORMAL)";

/// Draws the ratios, if any were measured.
pub(super) fn draw(summary: &[Summary]) -> Option<String> {
    let mut groups: Vec<Group> = Vec::new();
    for row in summary {
        let figures = &row.figures;
        let name = format!("{}, {}", figures.operation, figures.stores.name());
        if groups.last().is_none_or(|group| group.name != name) {
            groups.push(Group { name, bars: Vec::new() });
        }
        // The native server is the line at 1.
        if let Some(group) = groups.last_mut()
            && figures.server != Kind::Native
        {
            let class = figures.server.name();
            group.bars.push(Bar { name: class.to_owned(), class, value: row.ratio });
        }
    }
    let peer_writes = summary.iter().any(|row| {
        let figures = &row.figures;
        figures.server == Kind::PocketBase && figures.operation == Operation::Create.name()
    });
    groups.retain(|group| !group.bars.is_empty());
    let picture = Bars {
        title: "Requests per second, compared with a native server",
        axis: "ratio of requests per second: median of the rounds, with the least and the most",
        one: "native = 1",
        groups,
        note: if peer_writes { OF_PEER } else { "" },
    };
    (!picture.groups.is_empty()).then(|| picture.draw())
}
