//! One object of a resource: the values of its columns, and its native JSON.

use std::io::Write;

use crate::contract::{Field, Kind, Resource};
use crate::{Error, Row, Value};

/// An object: one value for each column of its resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    resource: &'static Resource,
    values: Vec<Value>,
}

impl Record {
    /// The object of a row whose columns that are left are [`Resource::columns`].
    ///
    /// # Errors
    /// `internal-error` if a column has a value that its field cannot have.
    pub(crate) fn read(resource: &'static Resource, row: Row) -> Result<Self, Error> {
        let values = row.values();
        let wrong = resource.columns().zip(&values).find(|(field, value)| !fits(field, value));
        if let Some((field, _)) = wrong {
            let (table, column) = (resource.table, field.name);
            return Err(Error::internal(format!("{table}.{column} is null or of another type")));
        }
        match resource.columns().count() == values.len() {
            true => Ok(Self { resource, values }),
            false => Err(Error::internal(format!(
                "a row does not have the columns of {}",
                resource.table
            ))),
        }
    }

    /// An object whose fields are all null.
    pub(crate) fn empty(resource: &'static Resource) -> Self {
        Self { resource, values: vec![Value::Null; resource.columns().count()] }
    }

    /// The value of a field; null if there is no such field.
    pub fn get(&self, name: &str) -> &Value {
        self.index(name).map_or(&Value::Null, |index| &self.values[index])
    }

    /// The text of a field; empty if the field is null, or not text, or unknown.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// The number of a field: an integer, 1 for true, or the milliseconds of a time. 0 if the field
    /// is null.
    pub fn integer(&self, name: &str) -> i64 {
        match self.get(name) {
            Value::Integer(number) => *number,
            _ => 0,
        }
    }

    /// The strings of a list.
    pub fn list(&self, name: &str) -> Vec<String> {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }

    /// Changes a field.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(index) = self.index(name) {
            self.values[index] = value;
        }
    }

    /// Changes a field to a text.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.set(name, text.into());
    }

    /// The fields that have a column with their values.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.resource.columns().zip(&self.values)
    }

    /// The column `folded` and its value, if the table has this column.
    pub(crate) fn folded(&self) -> Option<(&'static str, Value)> {
        let texts = self.columns().filter_map(|(field, value)| match (field.kind, value) {
            (Kind::Text | Kind::Email, Value::Text(text)) => Some((field.name, &**text)),
            _ => None,
        });
        self.resource.folds().then(|| ("folded", text::folded(texts).into()))
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.resource.columns().position(|field| field.name == name)
    }

    /// Appends the object as native JSON: the fields that `shows` selects, then the members that
    /// `more` appends. Each of these begins with a comma.
    pub(crate) fn write(
        &self,
        out: &mut Vec<u8>,
        shows: impl Fn(&Field) -> bool,
        more: impl FnOnce(&mut Vec<u8>),
    ) {
        out.push(b'{');
        let mut first = true;
        let mut columns = self.values.iter();
        for field in self.resource.fields {
            // Fields and columns have the same order, so only a synonym is looked up.
            let held = match field.synonym {
                None => columns.next().unwrap_or(&Value::Null),
                Some(name) => self.get(name),
            };
            if !shows(field) {
                continue;
            }
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            // Names come from the contract and need no escapes: they have letters and underscores
            // only.
            out.push(b'"');
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            match held {
                Value::Text(json) if field.masked => masked(out, json),
                _ => value(out, field.kind, held),
            }
        }
        more(out);
        out.push(b'}');
    }

    /// The object as events and audit entries may keep it: without secret and personal fields.
    pub(crate) fn public(&self) -> String {
        let mut out = Vec::new();
        let mut shown = self.clone();
        for field in self.resource.columns().filter(|field| field.origin) {
            shown.set_text(field.name, &origin(self.text(field.name)));
        }
        shown.write(&mut out, |field| !field.secret && !field.personal, |_| {});
        String::from_utf8(out).unwrap_or_default()
    }
}

/// Appends a map with its names, and with a mask in place of each value.
fn masked(out: &mut Vec<u8>, json: &str) {
    let mut map: serde_json::Map<_, _> = serde_json::from_str(json).unwrap_or_default();
    map.values_mut().for_each(|value| *value = crate::MASK.into());
    // Writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, &map);
}

/// Scheme, host and port of a URL; empty if the text is not a URL.
fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}/")
}

/// Whether the column of a field may hold a value.
fn fits(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => field.nullable,
        Value::Integer(_) => matches!(field.kind, Kind::Integer | Kind::Boolean | Kind::Timestamp),
        Value::Text(_) => !matches!(field.kind, Kind::Integer | Kind::Boolean | Kind::Timestamp),
    }
}

fn value(out: &mut Vec<u8>, kind: Kind, value: &Value) {
    match (kind, value) {
        (_, Value::Null) => out.extend_from_slice(b"null"),
        (Kind::Boolean, Value::Integer(truth)) => {
            out.extend_from_slice(if *truth == 0 { b"false" } else { b"true" });
        }
        (Kind::Timestamp, Value::Integer(ms)) => {
            out.push(b'"');
            out.extend_from_slice(crate::rfc3339(*ms).as_bytes());
            out.push(b'"');
        }
        (_, Value::Integer(number)) => {
            // Writing to a vector cannot fail.
            let _ = write!(out, "{number}");
        }
        // The column holds JSON.
        (Kind::List | Kind::Map, Value::Text(json)) => out.extend_from_slice(json.as_bytes()),
        (_, Value::Text(text)) => {
            let _ = serde_json::to_writer(out, text);
        }
    }
}
