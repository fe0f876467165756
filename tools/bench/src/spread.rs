//! The median of several values, with its spread.

use std::fmt;

use serde::Serialize;

/// The median of the values of all rounds, with the smallest and the largest of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// The spread of these values, if there are any.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        // An even number of values has two middle ones. The median is their mean.
        let (below, above) = (values.get(values.len().checked_sub(1)? / 2)?, values.len() / 2);
        let median = f64::midpoint(*below, *values.get(above)?);
        Some(Self { median, least: *values.first()?, most: *values.last()? })
    }

    /// The same in another unit, of which one is `factor` of this unit.
    pub(crate) fn per(self, factor: f64) -> Self {
        let Self { median, least, most } = self;
        Self { median: median / factor, least: least / factor, most: most / factor }
    }
}

/// The median, and then the smallest and the largest value in parentheses. The precision holds for
/// all three.
impl fmt::Display for Spread {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, least, most } = self;
        let digits = formatter.precision().unwrap_or(2);
        write!(formatter, "{median:.digits$} ({least:.digits$}–{most:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_median_is_in_the_middle() {
        let spread = |values: &[f64]| Spread::of(values.iter().copied());
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some(Spread { median: 2.0, least: 1.0, most: 9.0 }));
        let even = spread(&[4.0, 1.0, 2.0, 9.0]);
        assert_eq!(even, Some(Spread { median: 3.0, least: 1.0, most: 9.0 }));
        assert_eq!(spread(&[]), None);
    }

    #[test]
    fn a_spread_is_printed_with_one_precision() {
        let spread = Spread { median: 0.427, least: 0.4, most: 0.5 };
        assert_eq!(format!("{spread:.2}"), "0.43 (0.40–0.50)");
    }
}
