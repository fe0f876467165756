//! Checks the contract against the rules for paths, operations and documentation.
//!
//! The linter reads the bundle, because it is what clients read. It reports all violations at once.
//! Allowed exceptions are listed in `exceptions.rs`.
//!
//! Left out on purpose: what the rules of Spectral itself check (references, tags, examples that
//! match their schemas), and what the compiler of the contract refuses.

mod exceptions;
mod gate;
mod members;
mod operations;
mod paths;
mod words;

use std::fmt;

use serde_json::{Map, Value};

use crate::bundle::METHODS;

/// The rules. The ids are those of the requirements that a rule comes from (docs/requirements.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A path names things. The method says what is done.
    Nouns,
    /// A collection has a plural name.
    Plural,
    /// Segments are kebab-case.
    KebabCase,
    /// Things are nested at most two levels deep.
    Nesting,
    /// A verb may only be the last segment of a `POST`.
    VerbLast,
    /// The media type is negotiated, not part of the path.
    FileExtension,
    /// The version is the prefix of the path, and occurs once.
    Version,
    /// A request does one thing.
    Batch,
    /// URLs are logged, so they contain no secrets.
    SecretInUrl,
    /// One thing has one path.
    Alias,
    /// `operationId` is built from what the method does and the path names.
    OperationName,
    /// `GET` has no body.
    GetBody,
    /// `DELETE` answers 204.
    DeleteStatus,
    /// A creation answers 201, with the path of what was created.
    CreateStatus,
    /// A list is answered in pages.
    Pagination,
    /// Every member is known to OpenAPI, or begins with `x-`.
    StrayMember,
    /// Every exception is needed.
    Exception,
    /// `info.version` is a semantic version.
    InfoVersion,
    /// `operationId` is kebab-case.
    OperationIdCase,
    /// Every response with a body has an example.
    ResponseExamples,
    /// Answers of AI models name the model and its confidence.
    AiMetadata,
}

impl Rule {
    /// The name of the rule. The last four are names of rules in `.spectral.yml`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The ids of the requirements that the rule comes from.
    pub fn requirements(self) -> &'static [&'static str] {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Nouns => ("nouns", &["D-3", "D-16", "D-195", "E-11"]),
            Self::Plural => ("plural-collections", &["D-4", "D-16", "D-195", "E-9"]),
            Self::KebabCase => ("kebab-case", &["D-5", "E-10"]),
            Self::Nesting => ("nesting", &["D-6", "D-16", "D-194"]),
            Self::VerbLast => ("verb-last-of-post", &["E-12", "K-21"]),
            Self::FileExtension => ("no-file-extension", &["D-3"]),
            Self::Version => ("no-version", &["D-190", "E-8"]),
            Self::Batch => ("no-batch", &["D-189", "K-22"]),
            Self::SecretInUrl => ("no-secret-in-url", &["D-196"]),
            Self::Alias => ("no-alias", &["D-188"]),
            Self::OperationName => ("operation-name", &["D-195", "A-94"]),
            Self::GetBody => ("get-without-body", &["D-21"]),
            Self::DeleteStatus => ("delete-answers-204", &["D-67", "E-17", "E-40"]),
            Self::CreateStatus => ("create-answers-201", &["E-14", "K-56"]),
            Self::Pagination => ("paginated-lists", &["D-197"]),
            Self::StrayMember => ("no-stray-member", &["A-67"]),
            Self::Exception => ("needless-exception", &["A-4"]),
            Self::InfoVersion => ("info-version-semver", &["A-68"]),
            Self::OperationIdCase => ("operation-id-kebab-case", &["A-69"]),
            Self::ResponseExamples => ("response-examples", &["A-70"]),
            Self::AiMetadata => ("ai-metadata", &["A-71"]),
        }
    }
}

/// A place in the contract that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Method and path, or another place in the document.
    pub place: String,
    /// The rule that is broken.
    pub rule: Rule,
    /// What to write instead.
    pub advice: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, rule, advice } = self;
        write!(f, "{place}: {} ({}): {advice}", rule.name(), rule.requirements().join(", "))
    }
}

/// Finds every violation in a bundle, in the order of its paths.
pub fn lint(bundle: &Value) -> Vec<Violation> {
    let mut report = Report::default();
    paths::check(bundle, &mut report);
    operations::check(bundle, &mut report);
    gate::check(bundle, &mut report);
    members::check(bundle, &mut report);
    report.found
}

/// Finds the exceptions that a bundle does not need. Without this check, exceptions would stay
/// after their reason is gone.
pub fn needless(bundle: &Value) -> Vec<Violation> {
    let mut report = Report::default();
    paths::check(bundle, &mut report);
    operations::check(bundle, &mut report);
    let words = paths::segments(bundle);
    exceptions::needless(&report.excused, &words)
}

/// The violations that were found, and those that an exception allows.
#[derive(Default)]
struct Report {
    found: Vec<Violation>,
    excused: Vec<(String, Rule)>,
}

impl Report {
    /// Notes a violation of a path, unless it is an exception.
    fn path(&mut self, method: &str, path: &str, rule: Rule, advice: impl Into<String>) {
        if exceptions::excuses(path, rule) {
            self.excused.push((path.to_owned(), rule));
            return;
        }
        let place = format!("{} {path}", method.to_uppercase()).trim_start().to_owned();
        self.other(place, rule, advice);
    }

    fn other(&mut self, place: impl Into<String>, rule: Rule, advice: impl Into<String>) {
        self.found.push(Violation { place: place.into(), rule, advice: advice.into() });
    }
}

/// The operations with their paths and methods.
fn operations(bundle: &Value) -> impl Iterator<Item = (&String, &'static str, &Value)> {
    items(bundle).flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| Some((path, *method, item.get(*method)?)))
    })
}

fn items(bundle: &Value) -> impl Iterator<Item = (&String, &Value)> {
    bundle["paths"].as_object().into_iter().flat_map(Map::iter)
}
