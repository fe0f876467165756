//! Bars from left to right, in groups, with the spread of each.

use super::scale::Scale;
use super::svg::Svg;
use crate::spread::Spread;

const WIDTH: f64 = 800.0;
/// Where bars begin and end. Their names are before, their figures behind.
const LEFT: f64 = 310.0;
const RIGHT: f64 = WIDTH - 150.0;
const TOP: f64 = 64.0;
/// The height of a bar with the space to the next one, and the space between groups.
const BAR: f64 = 20.0;
const GAP: f64 = 14.0;

/// A picture of bars.
pub(super) struct Bars {
    pub(super) title: &'static str,
    /// What the values are, with their unit.
    pub(super) axis: &'static str,
    /// What a bar of the length 1 means.
    pub(super) one: &'static str,
    pub(super) groups: Vec<Group>,
    /// What must be known to read the bars, if anything.
    pub(super) note: &'static str,
}

/// Bars that belong together.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) bars: Vec<Bar>,
}

/// A bar.
pub(super) struct Bar {
    pub(super) name: String,
    /// The class of its colour.
    pub(super) class: &'static str,
    pub(super) value: Spread,
}

impl Bars {
    /// Draws the picture.
    pub(super) fn draw(&self) -> String {
        let bars = || self.groups.iter().flat_map(|group| &group.bars);
        let count = bars().count() as f64;
        let bottom = TOP + count * BAR + self.groups.len() as f64 * GAP;
        let note = if self.note.is_empty() { 0.0 } else { 24.0 };
        let mut svg = Svg::new(WIDTH, bottom + 58.0 + note, self.title);
        let most = bars().map(|bar| bar.value.most).fold(1.0, f64::max);
        let scale = Scale::from_zero(most, (LEFT, RIGHT));
        for mark in scale.marks() {
            let x = scale.at(mark);
            svg.line("grid", (x, TOP), (x, bottom));
            svg.text("faint middle", (x, bottom + 18.0), &format!("{mark:.1}"));
        }
        let one = scale.at(1.0);
        svg.line("mark", (one, TOP), (one, bottom));
        svg.text("faint middle", (one, TOP - 8.0), self.one);
        svg.text("middle", (f64::midpoint(LEFT, RIGHT), bottom + 42.0), self.axis);
        svg.text("faint", (16.0, bottom + 66.0), self.note);
        let mut y = TOP + GAP / 2.0;
        for group in &self.groups {
            svg.text("", (16.0, y + 14.0), &group.name);
            for bar in &group.bars {
                draw(&mut svg, &scale, bar, y);
                y += BAR;
            }
            y += GAP;
        }
        svg.finish()
    }
}

fn draw(svg: &mut Svg, scale: &Scale, bar: &Bar, y: f64) {
    let Bar { name, class, value } = bar;
    let (middle, end) = (y + BAR / 2.0, scale.at(value.median));
    svg.text("faint end", (LEFT - 8.0, y + 14.0), name);
    svg.rect(&format!("bar {class}"), (LEFT, y + 3.0), (end - LEFT, BAR - 6.0));
    let (least, most) = (scale.at(value.least), scale.at(value.most));
    svg.line("mark", (least, middle), (most, middle));
    for x in [least, most] {
        svg.line("mark", (x, middle - 4.0), (x, middle + 4.0));
    }
    svg.text("", (RIGHT + 10.0, y + 14.0), &format!("{value:.2}"));
}
