//! Checks: each is one requirement of one clause, which an answer keeps or breaks.

use std::fmt;

use serde::Serialize;

/// The areas, in the order in which a run goes through them. What looks at every answer of
/// the run comes late, and what uses the quota up comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Area {
    /// Problem details and the headers of refusals.
    Problem,
    /// Conditional requests.
    Etag,
    /// Walks through a list.
    Cursor,
    /// The `Idempotency-Key` request header.
    Idempotency,
    /// Deprecation and sunset.
    Deprecation,
    /// Rate-limit fields and what happens when the quota is used up.
    Ratelimit,
}

/// How serious a failure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// A MUST of the specification, or a part without which its mechanism would not work. Otherwise
    /// drafts that say SHOULD of everything that they define would require nothing. A failure fails
    /// the run.
    Must,
    /// A SHOULD, or good practice. A failure is a warning, unless `--strict`.
    Should,
}

/// A section of a specification, and its requirement in one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) specification: &'static str,
    pub(crate) section: &'static str,
    pub(crate) url: &'static str,
    /// A paraphrase.
    pub(crate) says: &'static str,
}

/// A check, which is a row of the catalogue.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Check {
    /// Begins with the name of its area; stable, for machines.
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// What must hold, as a sentence.
    pub(crate) title: &'static str,
    pub(crate) clause: Clause,
}

/// The reason why a check did not pass.
#[derive(Debug)]
pub(crate) enum Why {
    /// The server broke the clause. The text says what was seen.
    Failed(String),
    /// The check was not tried. The text is the reason.
    Skipped(String),
}

/// The result of a check: whether the required behaviour was seen.
pub(crate) type Verdict = Result<(), Why>;

/// The server did something after which the area cannot go on. The checks that were not judged yet
/// fail.
#[derive(Debug)]
pub(crate) struct Stop(pub(crate) String);

impl<E: fmt::Display> From<E> for Stop {
    fn from(error: E) -> Self {
        Self(format!("{error:#}"))
    }
}

/// Fails the check. The text says what was seen.
pub(crate) fn failed(seen: impl Into<String>) -> Verdict {
    Err(Why::Failed(seen.into()))
}

/// Skips the check.
pub(crate) fn skipped(reason: impl Into<String>) -> Verdict {
    Err(Why::Skipped(reason.into()))
}

/// Fails the check with the text unless the condition holds.
macro_rules! demand {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return $crate::check::failed(format!($($seen)+));
        }
    };
}
pub(crate) use demand;

/// The verdict on many observations. It is skipped if there were none, and else failed with the
/// first few that were wrong.
pub(crate) fn each(seen: usize, none: &str, mut wrong: Vec<String>) -> Verdict {
    if seen == 0 {
        return skipped(none);
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let all = wrong.len();
    wrong.dedup();
    wrong.truncate(3);
    let text = wrong.join("; ");
    failed(if all > wrong.len() { format!("{text} ({all} in all)") } else { text })
}
