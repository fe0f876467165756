//! How long data is kept: a number of days, and other numbers for tenants with certain plans.

use std::str::FromStr;

/// The shortest time for which anything is kept, in days.
const MIN_DAYS: i64 = 1;

/// A setting such as `90;pro=365;free=30`: 90 days, 365 days for tenants with the plan `pro`, and
/// 30 days for those with `free`. Nothing is kept for less than a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionDays {
    /// Days for tenants without a plan, and for those whose plan is not in the setting.
    others: i64,
    plans: Vec<(String, i64)>,
}

impl FromStr for RetentionDays {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| match text.trim().parse::<i64>() {
            // A thousand years: times in milliseconds must not overflow.
            Ok(days) => Ok(days.clamp(MIN_DAYS, 365_000)),
            Err(_) => {
                Err("is not a number of days, with other numbers for plans: write 90;pro=365")
            }
        };
        let mut parts = text.split(';');
        let others = number(parts.next().unwrap_or_default())?;
        let mut plans: Vec<(String, i64)> = Vec::new();
        for part in parts {
            let (name, days) = part.split_once('=').ok_or("has a part without a plan")?;
            let name = name.trim();
            if name.is_empty() || plans.iter().any(|(known, _)| known == name) {
                return Err("has a part without a plan, or a plan twice");
            }
            plans.push((name.to_owned(), number(days)?));
        }
        Ok(Self { others, plans })
    }
}

impl RetentionDays {
    /// The longest time in days. After it, no tenant's data is kept.
    pub fn longest(&self) -> i64 {
        self.plans.iter().map(|(_, days)| *days).fold(self.others, i64::max)
    }

    /// The plans with times shorter than the longest, and these times in days. `None` stands for
    /// all tenants whose plan is not named.
    pub fn shorter(&self) -> impl Iterator<Item = (Option<&str>, i64)> {
        let named = self.plans.iter().map(|(name, days)| (Some(name.as_str()), *days));
        named.chain([(None, self.others)]).filter(|(_, days)| *days < self.longest())
    }

    /// The plans that the setting names.
    pub fn plans(&self) -> impl Iterator<Item = &str> {
        self.plans.iter().map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::RetentionDays;

    fn shorter(days: &RetentionDays) -> Vec<(Option<&str>, i64)> {
        days.shorter().collect()
    }

    #[test]
    fn plans_have_times_of_their_own() {
        let days: RetentionDays = "90".parse().expect("a number");
        assert_eq!((days.longest(), shorter(&days)), (90, vec![]));
        let days: RetentionDays = " 90 ; pro = 365; free=30;max=365 ".parse().expect("with plans");
        assert_eq!((days.longest(), shorter(&days)), (365, vec![(Some("free"), 30), (None, 90)]));
        assert!(days.plans().eq(["pro", "free", "max"]));
        let days: RetentionDays = "90;free=0".parse().expect("a day at least");
        assert_eq!((days.longest(), shorter(&days)), (90, vec![(Some("free"), 1)]));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for text in ["", "x", "90;", "90;pro", "90;=1", "90;pro=", "90;pro=x", "90;a=1;a=2", "1.5"]
        {
            assert!(text.parse::<RetentionDays>().is_err(), "{text}");
        }
    }
}
