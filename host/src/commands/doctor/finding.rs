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
    pub state: State,
    /// What the check found.
    pub text: String,
    /// What to do about it; empty if all is well.
    pub remedy: String,
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything is as it should be.
    Good,
    /// It works, but somebody should look at it.
    Doubtful,
    /// A server would not start, or would not answer.
    Bad,
}

impl Finding {
    pub(super) fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self { subject, state: State::Good, text: text.into(), remedy: String::new() }
    }

    pub(super) fn bad(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { subject, state: State::Bad, text: text.into(), remedy: remedy.to_owned() }
    }

    pub(super) fn doubtful(subject: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { state: State::Doubtful, ..Self::bad(subject, text, remedy) }
    }

    /// A finding from an error. Errors of the runner say in one sentence what was found and, after
    /// a semicolon, what to do. `remedy` is for errors that have no such second part.
    pub(super) fn refused(subject: &'static str, error: &anyhow::Error, remedy: &str) -> Self {
        let told = format!("{error:#}");
        let (text, remedy) = told.split_once("; ").unwrap_or((&told, remedy));
        Self::bad(subject, text, remedy)
    }
}

/// Compares the clock of a store with ours. Tokens, leases and limits depend on both.
pub(super) fn clock(of: &str, their_ms: i64) -> Finding {
    let ours = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let apart = i64::try_from(ours).unwrap_or(i64::MAX).abs_diff(their_ms);
    let text = format!("{of}: {apart} ms apart");
    match Duration::from_millis(apart) <= SKEW {
        true => Finding::good("clock", text),
        false => Finding::doubtful(
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
        assert_eq!(clock("it", now).state, State::Good);
        assert_eq!(clock("it", now - 3000).state, State::Doubtful);
        assert_eq!(clock("it", now + 5000).state, State::Doubtful);
    }
}
