//! A writer of SVG: the few shapes that the pictures need.
//!
//! The colours are in a style sheet with a light and a dark half, and the background is painted. So
//! a picture is readable wherever it is shown.

use std::fmt::Write as _;

/// The style of all pictures. Each server has one colour in all of them. There are no variables,
/// because not every viewer knows them.
const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}\
.back{fill:#fff}.faint{fill:#59636e}.grid{stroke:#d1d9e0}.mark{stroke:#1f2328}\
.native{fill:#59636e;stroke:#59636e}.fused{fill:#0969da;stroke:#0969da}\
.composed{fill:#bc4c00;stroke:#bc4c00}.spin{fill:#8250df;stroke:#8250df}\
.pocketbase{fill:#1a7f37;stroke:#1a7f37}\
@media(prefers-color-scheme:dark){\
text{fill:#f0f6fc}.back{fill:#0d1117}.faint{fill:#9198a1}.grid{stroke:#3d444d}.mark{stroke:#f0f6fc}\
.native{fill:#9198a1;stroke:#9198a1}.fused{fill:#4493f8;stroke:#4493f8}\
.composed{fill:#f0883e;stroke:#f0883e}.spin{fill:#ab7df8;stroke:#ab7df8}\
.pocketbase{fill:#3fb950;stroke:#3fb950}}\
.title{font-size:16px;font-weight:600}.end{text-anchor:end}.middle{text-anchor:middle}\
.bar,.dot{stroke:none}.curve{fill:none;stroke-width:2}.mark,.range{stroke-width:1.5}\
.dashed{stroke-dasharray:6 4}.range{stroke-dasharray:none}";

/// A picture that is being drawn. Lengths are in pixels, from the upper left corner.
pub(super) struct Svg {
    width: f64,
    height: f64,
    shapes: String,
}

impl Svg {
    /// An empty picture with a title.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let shapes = format!("<title>{}</title><style>{STYLE}</style>\n", escaped(title));
        let mut svg = Self { width, height, shapes };
        svg.rect("back", (0.0, 0.0), (width, height));
        svg.text("title", (16.0, 28.0), title);
        svg
    }

    /// A text, whose base line begins at a point, or is centred there or ends there.
    pub(super) fn text(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let text = escaped(text);
        self.shape(format_args!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
    }

    /// A rectangle, from its upper left corner.
    pub(super) fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        self.shape(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\"/>"
        ));
    }

    /// A line between two points.
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.shape(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// A line through several points, with a dot at each of them.
    pub(super) fn curve(&mut self, class: &str, points: &[(f64, f64)]) {
        let listed: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let listed = listed.join(" ");
        self.shape(format_args!("<polyline class=\"curve {class}\" points=\"{listed}\"/>"));
        for (x, y) in points {
            self.shape(format_args!(
                "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
            ));
        }
    }

    /// The file.
    pub(super) fn finish(self) -> String {
        let Self { width, height, shapes } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width:.0} \
             {height:.0}\" width=\"{width:.0}\" height=\"{height:.0}\">\n{shapes}</svg>\n"
        )
    }

    fn shape(&mut self, shape: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.shapes, "{shape}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::Svg;

    #[test]
    fn a_text_is_no_markup() {
        let svg = Svg::new(100.0, 50.0, "a < b & c").finish();
        assert!(svg.contains("<title>a &lt; b &amp; c</title>"), "{svg}");
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
    }
}
