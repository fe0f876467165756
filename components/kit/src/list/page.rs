//! The part of a list that is asked for. There are four styles of pagination, and a request uses
//! one of them (K-23).

use super::names::{bracketed, named};
use super::problems::Problems;
use super::sort::Key;
use super::value;
use crate::Value;
use crate::contract::Resource;

/// Rows of a page if the client does not say it (K-26): by cursor, and by number.
const DEFAULT_LIMIT: (usize, usize) = (50, 20);
/// The most rows of a page.
const MAX_LIMIT: usize = 100;
/// The greatest offset. Nobody pages that far.
const MAX_OFFSET: usize = i32::MAX as usize;

/// A page that a client asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The most rows.
    pub limit: usize,
    /// Where it begins.
    pub mode: Mode,
    /// Whether the client wrote the parameters in brackets. Then links use brackets too.
    pub brackets: bool,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
pub enum Mode {
    /// At the beginning of the list, or at the position of this cursor.
    Cursor(Option<String>),
    /// After this many rows.
    Offset(usize),
    /// At the page with this number. The first page is 1.
    Number(usize),
    /// After the row with this id. `keys` are its sort keys, as far as the client gave them (D-51).
    Keyset {
        /// The id.
        id: String,
        /// Names and values of the keys that the client gave.
        keys: Vec<(&'static str, Value)>,
    },
}

/// Reads the parameters, in whatever order they come.
#[derive(Default)]
pub(super) struct Reader {
    limit: Option<usize>,
    cursor: Option<String>,
    offset: Option<usize>,
    number: Option<usize>,
    per_page: Option<usize>,
    id: Option<String>,
    keys: Vec<(&'static str, Value)>,
    brackets: bool,
    /// The names of the parameters by style, for the error message if styles are mixed.
    styles: Vec<(PagingStyle, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PagingStyle {
    Cursor,
    Offset,
    Number,
    Keyset,
}

impl Reader {
    /// Takes a parameter if it selects a page.
    pub(super) fn take(
        &mut self,
        resource: &'static Resource,
        name: &str,
        text: &str,
        problems: &mut Problems,
    ) -> bool {
        let inner = bracketed(name, "page");
        self.brackets |= inner.is_some();
        let plain = match name {
            "perPage" => "per_page",
            other => other,
        };
        let style = match (plain, inner) {
            ("limit", _) | (_, Some("limit" | "size")) => {
                let same = self.limit.is_some();
                self.limit = number(name, text, 1, MAX_LIMIT, problems);
                if same {
                    problems.unknown(name, "REPEATED_PARAMETER", "Must be given once only.");
                }
                return true;
            }
            ("cursor", _) | (_, Some("cursor")) => {
                // An empty cursor counts as none: some clients send the parameter without a value.
                if text.is_empty() {
                    return true;
                }
                self.cursor = Some(text.to_owned());
                PagingStyle::Cursor
            }
            ("offset", _) | (_, Some("offset")) => {
                self.offset = number(name, text, 0, MAX_OFFSET, problems);
                PagingStyle::Offset
            }
            ("page", _) | (_, Some("number")) => {
                self.number = number(name, text, 1, MAX_OFFSET, problems);
                PagingStyle::Number
            }
            ("per_page", _) => {
                self.per_page = number(name, text, 1, MAX_LIMIT, problems);
                PagingStyle::Number
            }
            _ => {
                let Some(key) = name.strip_prefix("after_") else { return false };
                let Some(field) = named(resource, key) else { return false };
                let Some(value) = value::parse(name, field, text, problems) else { return true };
                match value {
                    Value::Text(id) if key == "id" => self.id = Some(id),
                    value => self.keys.push((field.name, value)),
                }
                PagingStyle::Keyset
            }
        };
        self.styles.push((style, name.to_owned()));
        true
    }

    pub(super) fn finish(mut self, sort: &[Key], problems: &mut Problems) -> Page {
        if self.brackets && self.offset.is_some() && self.number.is_some() {
            self.check_offset_and_number(problems);
        }
        let mixed = self.styles.iter().any(|(style, _)| *style != self.styles[0].0)
            || self.per_page.is_some() && self.limit.is_some();
        if mixed {
            for (_, name) in &self.styles {
                problems.unknown(
                    name,
                    "MIXED_PAGINATION",
                    "Use one way to page: cursor and limit, offset and limit, page and per_page, \
                     or after_id.",
                );
            }
        }
        let cursors = matches!(
            self.styles.first(),
            None | Some((PagingStyle::Cursor | PagingStyle::Keyset, _))
        );
        let default = if cursors { DEFAULT_LIMIT.0 } else { DEFAULT_LIMIT.1 };
        let mode = match self.styles.first().map(|(style, _)| *style) {
            None | Some(PagingStyle::Cursor) => Mode::Cursor(self.cursor),
            Some(PagingStyle::Offset) => Mode::Offset(self.offset.unwrap_or_default()),
            Some(PagingStyle::Number) => Mode::Number(self.number.unwrap_or(1)),
            Some(PagingStyle::Keyset) => {
                if self.id.is_none() {
                    problems.wrong(
                        "after_id",
                        "REQUIRED",
                        "Must be given together with other keys.",
                    );
                }
                for (name, _) in &self.keys {
                    if sort.iter().all(|key| key.field.name != *name) {
                        let message = format!("The list is not sorted by {name}.");
                        problems.unknown(&format!("after_{name}"), "UNKNOWN_PARAMETER", message);
                    }
                }
                Mode::Keyset { id: self.id.unwrap_or_default(), keys: self.keys }
            }
        };
        let limit = self.per_page.or(self.limit).unwrap_or(default);
        Page { limit, mode, brackets: self.brackets }
    }

    /// Checks that `page[offset]` and `page[number]` agree if a request has both (D-48). Then the
    /// offset is enough.
    fn check_offset_and_number(&mut self, problems: &mut Problems) {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT.1);
        let offset = self.number.and_then(|number| (number - 1).checked_mul(limit));
        if self.offset != offset {
            let message = "Must name the same page as `page[offset]`.";
            problems.wrong("page[number]", "CONFLICTING_SYNONYM", message);
        }
        self.styles.retain(|(style, _)| *style != PagingStyle::Number);
    }
}

fn number(
    name: &str,
    text: &str,
    least: usize,
    most: usize,
    problems: &mut Problems,
) -> Option<usize> {
    match text.parse::<usize>() {
        Ok(number) if (least..=most).contains(&number) => return Some(number),
        Ok(_) => {
            let message = format!("Must be from {least} to {most}.");
            problems.wrong(name, "OUT_OF_RANGE", message);
        }
        Err(_) => problems.wrong(name, "WRONG_TYPE", "Must be an integer."),
    }
    None
}
