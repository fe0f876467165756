//! The rows of a result.

use crate::Value;

/// A row of a result. Its columns are taken in the order of the `SELECT`.
pub struct Row(pub(super) std::vec::IntoIter<Value>);

impl Iterator for Row {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}

impl Row {
    /// The next column as text; empty for NULL.
    pub fn text(&mut self) -> String {
        self.optional_text().unwrap_or_default()
    }

    /// The next column as text, `None` for NULL.
    pub fn optional_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The next column as an integer; 0 for NULL.
    pub fn integer(&mut self) -> i64 {
        self.optional_integer().unwrap_or_default()
    }

    /// The next column as an integer, `None` for NULL.
    pub fn optional_integer(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Value::Integer(integer)) => Some(integer),
            _ => None,
        }
    }
}
