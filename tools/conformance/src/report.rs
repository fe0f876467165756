//! The result of each check, for people and for machines.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use crate::check::{Area, Check, Level, Stop, Verdict, Why};

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Passed,
    /// A check of [`Level::Must`] failed, or any check with `--strict`.
    Failed,
    /// A check of [`Level::Should`] failed.
    Warned,
    Skipped,
}

/// A line of the report.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    pub(crate) area: Area,
    #[serde(flatten)]
    pub(crate) check: Check,
    pub(crate) outcome: Outcome,
    /// What was seen, or why the check was skipped. It is empty if the check passed.
    pub(crate) reason: String,
}

/// The report of a run.
#[derive(Debug)]
pub(crate) struct Report {
    base_url: String,
    target: String,
    strict: bool,
    pub(crate) checks: Vec<Line>,
}

/// Records the verdicts of one area.
pub(crate) struct Recorder<'a> {
    report: &'a mut Report,
    area: Area,
    /// The checks of the area, in the order of the report.
    checks: &'static [Check],
}

impl Report {
    pub(crate) fn new(base_url: &str, target: &str, strict: bool) -> Self {
        Self {
            base_url: base_url.to_owned(),
            target: target.to_owned(),
            strict,
            checks: Vec::new(),
        }
    }

    pub(crate) fn area(&mut self, area: Area, checks: &'static [Check]) -> Recorder<'_> {
        Recorder { report: self, area, checks }
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|line| line.outcome == outcome).count()
    }

    /// The number of checks in the area of a line, if all of them were skipped for the same reason.
    fn skipped_alike(&self, line: &Line) -> Option<usize> {
        let area: Vec<_> = self.checks.iter().filter(|other| other.area == line.area).collect();
        let alike =
            area.iter().all(|it| it.outcome == Outcome::Skipped && it.reason == line.reason);
        alike.then_some(area.len())
    }

    /// The report for machines: all lines, with the sums.
    pub(crate) fn json(&self) -> String {
        let of = |outcome| self.count(outcome);
        let document = json!({
            "base_url": self.base_url,
            "target": self.target,
            "strict": self.strict,
            "summary": {
                "passed": of(Outcome::Passed),
                "failed": of(Outcome::Failed),
                "warned": of(Outcome::Warned),
                "skipped": of(Outcome::Skipped),
            },
            "checks": self.checks,
        });
        format!("{document:#}\n")
    }

    /// The report for people: failed checks with their clauses, skipped checks, and the sums.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let mut area = None;
        for line in &self.checks {
            let whole = self.skipped_alike(line);
            if whole.is_some() && area == Some(line.area) {
                continue;
            }
            if area.replace(line.area) != Some(line.area) {
                let name = format!("{:?}", line.area).to_lowercase();
                let _ = writeln!(text, "\n{name}");
            }
            if let Some(alike) = whole {
                let _ = writeln!(text, "  skip  all {alike} checks: {}", line.reason);
                continue;
            }
            let mark = match line.outcome {
                Outcome::Passed => "pass",
                Outcome::Failed => "FAIL",
                Outcome::Warned => "warn",
                Outcome::Skipped => "skip",
            };
            let _ = writeln!(text, "  {mark}  {}: {}", line.check.id, line.check.title);
            if !line.reason.is_empty() {
                let _ = writeln!(text, "        {}", line.reason);
            }
            if matches!(line.outcome, Outcome::Failed | Outcome::Warned) {
                let clause = &line.check.clause;
                let _ = writeln!(text, "        {}: {}", clause.name(), clause.says);
                let _ = writeln!(text, "        {}", clause.address());
            }
        }
        let of = |outcome| self.count(outcome);
        let _ = writeln!(
            text,
            "\n{} passed, {} failed, {} warnings, {} skipped",
            of(Outcome::Passed),
            of(Outcome::Failed),
            of(Outcome::Warned),
            of(Outcome::Skipped)
        );
        text
    }
}

impl Recorder<'_> {
    /// Records a verdict. A check has one verdict, and the id must be one of the area's.
    pub(crate) fn note(&mut self, id: &str, verdict: Verdict) {
        let check = self.checks.iter().find(|check| check.id == id);
        let known = check.filter(|_| !self.has(id));
        let check = *known.unwrap_or_else(|| panic!("{id} is not in the catalogue, or twice"));
        let (outcome, reason) = match verdict {
            Ok(()) => (Outcome::Passed, String::new()),
            Err(Why::Skipped(reason)) => (Outcome::Skipped, reason),
            Err(Why::Failed(seen)) if self.report.strict || check.level == Level::Must => {
                (Outcome::Failed, seen)
            }
            Err(Why::Failed(seen)) => (Outcome::Warned, seen),
        };
        self.report.checks.push(Line { area: self.area, check, outcome, reason });
    }

    /// Skips the checks that were not judged yet, of the whole area or those whose ids have this
    /// beginning.
    pub(crate) fn skip_rest(&mut self, beginning: &str, reason: &str) {
        for check in self.checks {
            if check.id.starts_with(beginning) && !self.has(check.id) {
                self.note(check.id, Err(Why::Skipped(reason.to_owned())));
            }
        }
    }

    /// Ends the area: the lines are in the order of the catalogue, and no check is lost.
    pub(crate) fn end(mut self, result: Result<(), Stop>) {
        let checks = self.checks;
        let missing: Vec<_> = checks.iter().filter(|check| !self.has(check.id)).collect();
        let why = match result {
            Ok(()) => "the suite forgot to judge it, which is a bug of the suite".to_owned(),
            Err(Stop(why)) => format!("could not be tried: {why}"),
        };
        for check in missing {
            self.note(check.id, Err(Why::Failed(why.clone())));
        }
        let place = |line: &Line| checks.iter().position(|check| check.id == line.check.id);
        self.report.checks.sort_by_key(|line| (line.area, place(line)));
    }

    fn has(&self, id: &str) -> bool {
        self.report.checks.iter().any(|line| line.check.id == id)
    }
}
