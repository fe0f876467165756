//! The picture of the latency under load.

use super::lines::{Curve, Lines, Panel};
use crate::overload::{Latency, Level, Overload};
use crate::spread::Spread;

/// Draws the latency, if it was measured.
pub(super) fn draw(found: &[Overload]) -> Option<String> {
    let mut panels: Vec<Panel> = Vec::new();
    for one in found {
        let name = format!("{}, {}", one.operation, one.stores.name());
        let panel = match panels.iter_mut().position(|panel| panel.name == name) {
            Some(at) => &mut panels[at],
            None => {
                panels.push(Panel { name, note: String::new(), curves: Vec::new() });
                panels.last_mut()?
            }
        };
        add(panel, one);
    }
    let picture = Lines {
        title: "Latency at a fixed rate of requests (open loop)",
        x_axis: "offered rate, in percent of the maximum of the same server",
        y_axis: "latency since the schedule, in ms: median of the rounds, with least and most",
        panels,
    };
    (!picture.panels.is_empty()).then(|| picture.draw())
}

/// Adds the two curves of a server, and what is left of its maximum under overload.
fn add(panel: &mut Panel, one: &Overload) {
    let server = one.server.name();
    let (below, above): (Vec<_>, Vec<_>) = one.levels.iter().partition(|level| level.percent < 100);
    for (which, dashed, value) in [
        ("p50", "", (|latency| latency.p50_ms) as fn(Latency) -> Spread),
        ("p99", " dashed", |latency| latency.p99_ms),
    ] {
        let point =
            |level: &&Level| level.latency.map(|latency| (level.percent as f64, value(latency)));
        panel.curves.push(Curve {
            name: format!("{server} {which}"),
            class: format!("{server}{dashed}"),
            points: below.iter().filter_map(point).collect(),
        });
    }
    for Level { percent, good_of_most, .. } in above {
        let before = if panel.note.is_empty() {
            format!("Good at {percent} % (within 1 s), as a part of the maximum: ")
        } else {
            std::mem::take(&mut panel.note) + ", "
        };
        panel.note = format!("{before}{server} {good_of_most:.2}");
    }
}
