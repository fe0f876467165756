//! Scales: from values to pixels, with the values at which an axis is marked.

/// A scale from a range of values to a range of pixels.
pub(super) struct Scale {
    values: (f64, f64),
    pixels: (f64, f64),
    /// The distance of two marks, in values or in powers of ten.
    step: f64,
    logarithmic: bool,
}

impl Scale {
    /// A linear scale from zero to a round value that is not below `most`.
    pub(super) fn from_zero(most: f64, pixels: (f64, f64)) -> Self {
        let step = step(most);
        Self { values: (0.0, (most / step).ceil() * step), pixels, step, logarithmic: false }
    }

    /// A linear scale between two values.
    pub(super) fn between(values: (f64, f64), pixels: (f64, f64)) -> Self {
        Self { values, pixels, step: step(values.1 - values.0), logarithmic: false }
    }

    /// A logarithmic scale over whole powers of ten. The values are positive.
    pub(super) fn logarithmic(least: f64, most: f64, pixels: (f64, f64)) -> Self {
        let begin = least.log10().floor();
        let values = (begin, most.log10().ceil().max(begin + 1.0));
        Self { values, pixels, step: 1.0, logarithmic: true }
    }

    /// The pixel of a value. Values outside are at the edge.
    pub(super) fn at(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.log10() } else { value };
        let (begin, end) = self.values;
        let part = ((value - begin) / (end - begin)).clamp(0.0, 1.0);
        self.pixels.0 + part * (self.pixels.1 - self.pixels.0)
    }

    /// The marked values.
    pub(super) fn marks(&self) -> Vec<f64> {
        let (begin, end) = self.values;
        let count = ((end - begin) / self.step).round() as u32;
        let marks = (0..=count).map(|number| begin + f64::from(number) * self.step);
        marks.map(|mark| if self.logarithmic { 10_f64.powf(mark) } else { mark }).collect()
    }
}

/// A round step, of which four to ten lead from zero to this value.
fn step(most: f64) -> f64 {
    let power = 10_f64.powf(most.max(f64::MIN_POSITIVE).log10().floor());
    let steps = [0.1, 0.2, 0.5, 1.0].map(|step| step * power);
    steps.into_iter().find(|step| most / step <= 10.5).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::Scale;

    #[test]
    fn marks_are_round() {
        let printed = |scale: &Scale| -> Vec<_> {
            scale.marks().into_iter().map(|mark| format!("{mark:.2}")).collect()
        };
        let linear = Scale::from_zero(0.94, (100.0, 200.0));
        assert_eq!(printed(&linear).last().map(String::as_str), Some("1.00"));
        assert_eq!(linear.at(0.5).to_bits(), 150.0_f64.to_bits());
        let longer = Scale::from_zero(1.04, (0.0, 1.0));
        assert_eq!(printed(&longer).last().map(String::as_str), Some("1.10"));
        let logarithmic = Scale::logarithmic(0.3, 42.0, (300.0, 0.0));
        assert_eq!(printed(&logarithmic), ["0.10", "1.00", "10.00", "100.00"]);
        assert_eq!(logarithmic.at(1.0).to_bits(), 200.0_f64.to_bits());
    }
}
