//! One object of a resource: the values of its columns, and its native JSON.

use std::io::Write;

use crate::column::{Column, Stored};
use crate::contract::{Field, Kind, Resource};
use crate::{Error, Internal, Row, Value};

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

    /// The value of a field.
    ///
    /// # Errors
    /// `internal-error` for a field of another resource, and for one that has no value yet.
    pub fn get<T: Stored>(&self, column: Column<T>) -> Result<T::As<'_>, Error> {
        let field = column.field_of(self.resource)?;
        T::read(self.value(field)).ok_or_else(|| {
            let (resource, name) = (self.resource.name, field.name);
            Error::internal(format!("{name} of a {resource} has no value of its type"))
        })
    }

    /// Changes a field.
    ///
    /// # Errors
    /// `internal-error` for a field of another resource.
    pub fn set<T: Stored>(&mut self, column: Column<T>, value: T::As<'_>) -> Result<(), Error> {
        let field = column.field_of(self.resource)?;
        self.put(field, T::store(value));
        Ok(())
    }

    /// The value of a field as its column stores it.
    ///
    /// # Errors
    /// `internal-error` for a field of another resource.
    pub fn stored<T>(&self, column: Column<T>) -> Result<&Value, Error> {
        Ok(self.value(column.field_of(self.resource)?))
    }

    /// The value of a field of this resource.
    pub(crate) fn value(&self, field: &Field) -> &Value {
        &self.values[field.column]
    }

    /// Changes a field of this resource.
    pub(crate) fn put(&mut self, field: &Field, value: Value) {
        self.values[field.column] = value;
    }

    pub(crate) fn id(&self) -> Result<&str, Error> {
        self.get(self.resource.column::<String>("id")?)
    }

    pub(crate) fn version(&self) -> Result<i64, Error> {
        self.get(self.resource.column::<i64>("version")?)
    }

    /// In milliseconds since the Unix epoch.
    pub(crate) fn updated_at(&self) -> Result<i64, Error> {
        self.get(self.resource.column::<i64>("updated_at")?)
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
        for field in self.resource.fields.iter().filter(|field| shows(field)) {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
            // Names come from the contract and need no escapes: they have letters and underscores
            // only.
            out.push(b'"');
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b"\":");
            match self.value(field) {
                Value::Text(json) if field.masked => masked(out, json),
                held => value(out, field.kind, held),
            }
        }
        more(out);
        out.push(b'}');
    }

    /// The object as events and audit entries may keep it: without secret and personal fields.
    ///
    /// # Errors
    /// `internal-error` if the JSON is not UTF-8.
    pub(crate) fn public(&self) -> Result<String, Error> {
        let mut out = Vec::new();
        let mut shown = self.clone();
        for field in self.resource.columns().filter(|field| field.origin) {
            if let Value::Text(url) = self.value(field) {
                shown.put(field, origin(url).into());
            }
        }
        shown.write(&mut out, |field| !field.secret && !field.personal, |_| {});
        String::from_utf8(out).internal()
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
