//! The result of a check.

use std::time::Duration;

/// The largest accepted difference between the clock of this host and that of a store.
const SKEW: Duration = Duration::from_secs(2);

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked.
    pub subject: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What the check found.
    pub text: String,
    /// What to do about it; empty if all is well.
    pub remedy: String,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as it should be.
    Pass,
    /// It works, but somebody should look at it.
    Warn,
    /// A server would not start, or would not answer.
    Fail,
}

impl Finding {
    pub(super) fn pass(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, verdict: Verdict::Pass, text: text.into(), remedy: String::new() }
    }

    pub(super) fn fail(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { subject, verdict: Verdict::Fail, text: text.into(), remedy: remedy.to_owned() }
    }

    pub(super) fn warn(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { verdict: Verdict::Warn, ..Self::fail(subject, text, remedy) }
    }

    /// A finding from an error. Errors of the runner say in one sentence what was found and, after
    /// a semicolon, what to do. `remedy` is for errors that have no such second part.
    pub(super) fn refused(subject: &'static str, error: &anyhow::Error, remedy: &str) -> Self {
        let told = format!("{error:#}");
        let (text, remedy) = told.split_once("; ").unwrap_or((&told, remedy));
        Self::fail(subject, text, remedy)
    }
}

/// Compares the clock of a store with ours. Tokens, leases and limits depend on both.
pub(super) fn clock(of: &str, their_ms: i64) -> Finding {
    let ours = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let apart = i64::try_from(ours).unwrap_or(i64::MAX).abs_diff(their_ms);
    let text = format!("{of}: {apart} ms apart");
    match Duration::from_millis(apart) <= SKEW {
        true => Finding::pass("clock", text),
        false => Finding::warn(
            "clock",
            text,
            "let NTP set the clocks of both machines: tokens, limits and leases depend on them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_millis();
        let now = i64::try_from(now).expect("a time");
        assert_eq!(clock("it", now).verdict, Verdict::Pass);
        assert_eq!(clock("it", now - 3000).verdict, Verdict::Warn);
        assert_eq!(clock("it", now + 5000).verdict, Verdict::Warn);
    }
}
