//! The other pages of a list, as query strings in the spelling of the request. The gateway makes
//! links from them (`wit/messages.wit`).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that stay unescaped: those that a query allows (RFC 3986 section 3.4), and brackets,
/// which every client sends and understands.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b',')
    .remove(b'[')
    .remove(b']');

/// Makes query strings for other pages from the query of a request. Parameters that do not select a
/// page are kept.
pub struct Links {
    kept: String,
    brackets: bool,
}

impl Links {
    /// Takes the query parameters of a request.
    pub fn new(given: &[(&str, &str)], brackets: bool) -> Self {
        let mut kept = String::new();
        for (name, value) in given.iter().filter(|(name, _)| !is_page(name)) {
            append(&mut kept, name, value);
        }
        Self { kept, brackets }
    }

    /// A query string with these page parameters. Empty values are left out.
    pub fn with(&self, parameters: &[(&str, String)]) -> String {
        let mut text = self.kept.clone();
        for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
            if self.brackets && !name.starts_with("after_") {
                append(&mut text, &format!("page[{name}]"), value);
            } else {
                append(&mut text, name, value);
            }
        }
        text
    }
}

fn append(text: &mut String, name: &str, value: &str) {
    if !text.is_empty() {
        text.push('&');
    }
    text.extend(utf8_percent_encode(name, ESCAPED));
    text.push('=');
    text.extend(utf8_percent_encode(value, ESCAPED));
}

fn is_page(name: &str) -> bool {
    matches!(name, "cursor" | "limit" | "offset" | "page" | "per_page" | "perPage")
        || name.starts_with("page[")
        || name.starts_with("after_")
}
