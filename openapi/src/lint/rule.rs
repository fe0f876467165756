//! The rules, and the places that break them.

use std::fmt;

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
