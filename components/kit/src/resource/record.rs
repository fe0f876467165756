//! One object of a resource: the values of its columns, and its native JSON.

use std::io::Write;

use crate::contract::{Field, Kind, Resource};
use crate::list::Literal;
use crate::sql::{Row, Value};

/// An object: one value for each column of its resource, `None` for null.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    resource: &'static Resource,
    values: Vec<Option<Literal>>,
}

impl Record {
    /// The object with these values, in the order of [`Resource::columns`].
    pub fn new(resource: &'static Resource, values: Vec<Option<Literal>>) -> Self {
        Self { resource, values }
    }

    /// An object whose fields are all null.
    pub(crate) fn empty(resource: &'static Resource) -> Self {
        Self { resource, values: vec![None; resource.columns().count()] }
    }

    /// The value of a field; `None` when it is null.
    pub fn get(&self, name: &str) -> Option<&Literal> {
        self.values[self.index(name)?].as_ref()
    }

    /// The text of a field; empty if the field is null, or not text, or unknown.
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Literal::Text(text)) => text,
            _ => "",
        }
    }

    /// The number of a field: an integer, 1 for true, or the milliseconds of a time. 0 if the field
    /// is null.
    pub fn integer(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Literal::Integer(number)) => *number,
            _ => 0,
        }
    }

    /// The strings of a list.
    pub fn list(&self, name: &str) -> Vec<String> {
        serde_json::from_str(self.text(name)).unwrap_or_default()
    }

    /// Changes a field.
    pub fn set(&mut self, name: &str, value: Option<Literal>) {
        if let Some(index) = self.index(name) {
            self.values[index] = value;
        }
    }

    /// Changes a field to a text.
    pub fn set_text(&mut self, name: &str, text: &str) {
        self.set(name, Some(Literal::Text(text.to_owned())));
    }

    /// The fields that have a column with their values.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static Field, &Option<Literal>)> {
        self.resource.columns().zip(&self.values)
    }

    /// The column `folded` and its value, if the table has this column.
    pub(crate) fn folded(&self) -> Option<(&'static str, Option<Literal>)> {
        let texts = self.columns().filter_map(|(field, value)| match (field.kind, value) {
            (Kind::Text | Kind::Email, Some(Literal::Text(text))) => Some((field.name, &**text)),
            _ => None,
        });
        self.resource.folds().then(|| ("folded", text::folded(texts).map(Literal::Text)))
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
                None => columns.next().and_then(Option::as_ref),
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
                Some(Literal::Text(json)) if field.masked => masked(out, json),
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
    let Ok(url) = fluent_uri::Uri::parse(url) else { return String::new() };
    let Some(authority) = url.authority() else { return String::new() };
    let user = authority.userinfo().map_or(0, |user| user.as_str().len() + 1);
    format!("{}://{}/", url.scheme().as_str(), &authority.as_str()[user..])
}

fn value(out: &mut Vec<u8>, kind: Kind, value: Option<&Literal>) {
    match (kind, value) {
        (_, None) => out.extend_from_slice(b"null"),
        (Kind::Boolean, Some(Literal::Integer(truth))) => {
            out.extend_from_slice(if *truth == 0 { b"false" } else { b"true" });
        }
        (Kind::Timestamp, Some(Literal::Integer(ms))) => {
            out.push(b'"');
            out.extend_from_slice(crate::rfc3339(*ms).as_bytes());
            out.push(b'"');
        }
        (_, Some(Literal::Integer(number))) => {
            // Writing to a vector cannot fail.
            let _ = write!(out, "{number}");
        }
        // The column holds JSON.
        (Kind::List | Kind::Map, Some(Literal::Text(json))) => {
            out.extend_from_slice(json.as_bytes())
        }
        (_, Some(Literal::Text(text))) => {
            let _ = serde_json::to_writer(out, text);
        }
    }
}

/// The values of a row.
pub(super) fn literals(row: Row) -> Vec<Option<Literal>> {
    row.map(|value| match value {
        Value::Text(text) => Some(Literal::Text(text)),
        Value::Integer(number) => Some(Literal::Integer(number)),
        _ => None,
    })
    .collect()
}

/// The values of parameters.
pub(super) fn values(literals: impl IntoIterator<Item = Option<Literal>>) -> Vec<Value> {
    literals.into_iter().map(|literal| literal.map_or(Value::Null, Value::from)).collect()
}
