//! The specifications that the checks cite.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::check::{Check, Clause, Level};

/// A specification. Clauses are made from its sections.
pub(crate) struct Specification {
    name: &'static str,
    url: &'static str,
}

macro_rules! specifications {
    ($($constant:ident $name:literal $url:literal;)+) => {
        $(pub(crate) const $constant: Specification = Specification { name: $name, url: $url };)+
    };
}

specifications! {
    IDEMPOTENCY "draft-ietf-httpapi-idempotency-key-header-07"
        "https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07";
    RATELIMIT "draft-ietf-httpapi-ratelimit-headers-10"
        "https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10";
    HTTP "RFC 9110" "https://www.rfc-editor.org/rfc/rfc9110.html";
    STATUS "RFC 6585" "https://www.rfc-editor.org/rfc/rfc6585.html";
    FIELDS "RFC 9651" "https://www.rfc-editor.org/rfc/rfc9651.html";
    PROBLEM "RFC 9457" "https://www.rfc-editor.org/rfc/rfc9457.html";
    DEPRECATION "RFC 9745" "https://www.rfc-editor.org/rfc/rfc9745.html";
    SUNSET "RFC 8594" "https://www.rfc-editor.org/rfc/rfc8594.html";
    LINK "RFC 8288" "https://www.rfc-editor.org/rfc/rfc8288.html";
    // No RFC defines pages by cursor. Of the public conventions this one is written as rules.
    PAGES "AIP-158" "https://google.aip.dev/158";
}

impl Specification {
    /// A clause of the specification: the section, and a paraphrase of it.
    pub(crate) const fn says(&self, section: &'static str, says: &'static str) -> Clause {
        Clause { specification: self.name, section, url: self.url, says }
    }
}

/// A check whose failure fails the run.
pub(crate) const fn must(id: &'static str, title: &'static str, clause: Clause) -> Check {
    Check { id, level: Level::Must, title, clause }
}

/// A check whose failure is a warning.
pub(crate) const fn should(id: &'static str, title: &'static str, clause: Clause) -> Check {
    Check { id, level: Level::Should, title, clause }
}

impl Clause {
    /// The URL of the section, with the anchor that the publishers of RFCs and drafts give it.
    pub(crate) fn address(&self) -> String {
        let number = self.section.split(' ').next().unwrap_or_default();
        match number.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("{}#section-{number}", self.url),
            false => self.url.to_owned(),
        }
    }

    /// The name of the specification, with the section.
    pub(crate) fn name(&self) -> String {
        match self.section.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("{} section {}", self.specification, self.section),
            false => format!("{} {}", self.specification, self.section),
        }
    }
}

impl Serialize for Clause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut clause = serializer.serialize_struct("Clause", 4)?;
        clause.serialize_field("specification", self.specification)?;
        clause.serialize_field("section", self.section)?;
        clause.serialize_field("url", &self.address())?;
        clause.serialize_field("says", self.says)?;
        clause.end()
    }
}
