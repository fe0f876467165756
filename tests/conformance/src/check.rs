//! What a check is: one requirement of one clause, that an answer keeps or breaks.

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

/// How much a failure weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// A MUST of the specification, or that without which its mechanism is none: drafts that
    /// say SHOULD of all they define would otherwise require nothing. A failure fails the run.
    Must,
    /// A SHOULD, or good practice. A failure is a warning, unless `--strict`.
    Should,
}

/// A section of a specification, and one sentence on what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    pub(crate) specification: &'static str,
    pub(crate) section: &'static str,
    pub(crate) url: &'static str,
    /// A paraphrase.
    pub(crate) says: &'static str,
}

/// A row of the catalogue.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Check {
    /// Begins with the name of its area; stable, for machines.
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// What must hold, as a sentence.
    pub(crate) title: &'static str,
    pub(crate) clause: Clause,
}

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Why {
    /// The server broke it: what was seen.
    Failed(String),
    /// It was not tried: the reason.
    Skipped(String),
}

/// Whether what the check asks was seen.
pub(crate) type Verdict = Result<(), Why>;

/// The server did something with which the area cannot go on; what was not judged yet fails.
#[derive(Debug)]
pub(crate) struct Stop(pub(crate) String);

impl<E: fmt::Display> From<E> for Stop {
    fn from(error: E) -> Self {
        Self(format!("{error:#}"))
    }
}

/// Fails the check, with what was seen.
pub(crate) fn failed(seen: impl Into<String>) -> Verdict {
    Err(Why::Failed(seen.into()))
}

/// Leaves the check out.
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

/// The verdict on many observations: skipped when there were none, else failed with the first
/// few that were wrong.
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
