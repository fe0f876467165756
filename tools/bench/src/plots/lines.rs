//! Curves over a percentage, with a logarithmic axis of latency, and the spread of each point.

use super::scale::Scale;
use super::svg::Svg;
use crate::spread::Spread;

const WIDTH: f64 = 760.0;
const PANEL: f64 = 320.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 150.0;

/// A picture of panels below each other.
pub(super) struct Lines {
    pub(super) title: &'static str,
    pub(super) x_axis: &'static str,
    pub(super) y_axis: &'static str,
    pub(super) panels: Vec<Panel>,
}

/// A panel with its curves.
pub(super) struct Panel {
    pub(super) name: String,
    /// What the curves do not show.
    pub(super) note: String,
    pub(super) curves: Vec<Curve>,
}

/// A curve: percentages with a latency in milliseconds.
pub(super) struct Curve {
    pub(super) name: String,
    /// The classes of its colour and of its line.
    pub(super) class: String,
    pub(super) points: Vec<(f64, Spread)>,
}

impl Lines {
    /// Draws the picture.
    pub(super) fn draw(&self) -> String {
        let height = 44.0 + PANEL * self.panels.len() as f64;
        let mut svg = Svg::new(WIDTH, height, self.title);
        let mut top = 44.0;
        for panel in &self.panels {
            self.panel(&mut svg, panel, top);
            top += PANEL;
        }
        svg.finish()
    }

    fn panel(&self, svg: &mut Svg, panel: &Panel, top: f64) {
        svg.text("", (LEFT, top + 14.0), &panel.name);
        let (above, below) = (top + 44.0, top + PANEL - 74.0);
        svg.text("faint", (LEFT, top + 33.0), self.y_axis);
        let points = || panel.curves.iter().flat_map(|curve| &curve.points);
        let least = points().map(|(_, value)| value.least).fold(f64::MAX, f64::min);
        let most = points().map(|(_, value)| value.most).fold(0.0, f64::max);
        let y = Scale::logarithmic(least.max(0.01), most.max(0.1), (below, above));
        for mark in y.marks() {
            svg.line("grid", (LEFT, y.at(mark)), (RIGHT, y.at(mark)));
            svg.text("faint end", (LEFT - 8.0, y.at(mark) + 4.0), &format!("{mark}"));
        }
        let percents = panel.curves.first().map_or(&[][..], |curve| &curve.points);
        let x = Scale::between((20.0, 100.0), (LEFT, RIGHT));
        for (percent, _) in percents {
            let text = format!("{percent:.0} %");
            svg.text("faint middle", (x.at(*percent), below + 18.0), &text);
        }
        svg.text("middle", (f64::midpoint(LEFT, RIGHT), below + 38.0), self.x_axis);
        svg.text("faint", (16.0, below + 58.0), &panel.note);
        for (number, curve) in panel.curves.iter().enumerate() {
            let Curve { name, class, points } = curve;
            for (percent, value) in points {
                let x = x.at(*percent);
                svg.line(&format!("range {class}"), (x, y.at(value.least)), (x, y.at(value.most)));
            }
            let middles =
                points.iter().map(|(percent, value)| (x.at(*percent), y.at(value.median)));
            svg.curve(class, &middles.collect::<Vec<_>>());
            let at = above + 6.0 + 22.0 * number as f64;
            svg.line(&format!("curve {class}"), (RIGHT + 12.0, at), (RIGHT + 44.0, at));
            svg.text("", (RIGHT + 52.0, at + 4.0), name);
        }
    }
}
