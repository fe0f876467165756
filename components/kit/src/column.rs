//! The fields of resources as constants, which the build of a function makes from the contract
//! (`project::STATUS`). So a misspelt field does not compile, nor does a field that is read as
//! another type than it has.

use std::marker::PhantomData;

use serde_json::Value as Json;

use crate::contract::{Field, Resource};
use crate::{Error, Value};

/// An object with names of the client's choice.
pub type Map = serde_json::Map<String, Json>;

/// A field of a resource that has a column and holds values of the type `T`.
pub struct Column<T> {
    resource: &'static Resource,
    index: usize,
    holds: PhantomData<fn() -> T>,
}

impl<T> Column<T> {
    /// The field with this index among those of the resource. The build of a function calls this.
    pub const fn new(resource: &'static Resource, index: usize) -> Self {
        Self { resource, index, holds: PhantomData }
    }

    /// The name of the field.
    pub fn name(&self) -> &'static str {
        self.resource.fields[self.index].name
    }

    /// The field, if it is one of this resource.
    ///
    /// # Errors
    /// `internal-error` for a field of another resource.
    pub fn field_of(&self, resource: &'static Resource) -> Result<&'static Field, Error> {
        match std::ptr::eq(self.resource, resource) {
            true => Ok(&resource.fields[self.index]),
            false => {
                let (own, name) = (self.resource.name, self.name());
                Err(Error::internal(format!("a {} has no {name} of a {own}", resource.name)))
            }
        }
    }
}

#[cfg(target_arch = "wasm32")]
impl Resource {
    /// The field with this name, for code that serves all resources.
    ///
    /// # Errors
    /// `internal-error` if there is no such field.
    pub(crate) fn column<T>(&'static self, name: &str) -> Result<Column<T>, Error> {
        let index = self.fields.iter().position(|field| field.name == name);
        let index = index.ok_or_else(|| Error::internal(format!("a {} has no {name}", self.name)));
        Ok(Column::new(self, index?))
    }
}

/// A type of the values of fields.
pub trait Stored {
    /// The value as it is read and written: `&str` for `String`.
    type As<'a>;

    /// The value of a column; `None` if it has another type.
    fn read(value: &Value) -> Option<Self::As<'_>>;

    /// The value as its column stores it.
    fn store(value: Self::As<'_>) -> Value;
}

/// Texts, addresses and enumerated values.
impl Stored for String {
    type As<'a> = &'a str;

    fn read(value: &Value) -> Option<&str> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn store(value: &str) -> Value {
        value.into()
    }
}

/// Integers, and times in milliseconds since the Unix epoch.
impl Stored for i64 {
    type As<'a> = Self;

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn store(value: Self) -> Value {
        value.into()
    }
}

impl Stored for bool {
    type As<'a> = Self;

    fn read(value: &Value) -> Option<Self> {
        i64::read(value).map(|number| number != 0)
    }

    fn store(value: Self) -> Value {
        value.into()
    }
}

impl Stored for Vec<String> {
    type As<'a> = Self;

    fn read(value: &Value) -> Option<Self> {
        serde_json::from_str(String::read(value)?).ok()
    }

    fn store(value: Self) -> Value {
        Json::from(value).to_string().into()
    }
}

impl Stored for Map {
    type As<'a> = Self;

    fn read(value: &Value) -> Option<Self> {
        serde_json::from_str(String::read(value)?).ok()
    }

    fn store(value: Self) -> Value {
        Json::Object(value).to_string().into()
    }
}

/// Fields that may be null.
impl<T: Stored> Stored for Option<T> {
    type As<'a> = Option<T::As<'a>>;

    fn read(value: &Value) -> Option<Self::As<'_>> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }

    fn store(value: Self::As<'_>) -> Value {
        value.map_or(Value::Null, T::store)
    }
}

#[cfg(test)]
mod tests {
    use super::{Map, Stored};
    use crate::Value;

    #[track_caller]
    fn same<T: Stored>(stored: &Value) {
        let read = T::read(stored).expect("of this type");
        assert_eq!(T::store(read), *stored);
    }

    #[test]
    fn values_are_stored_as_they_were_read() {
        same::<String>(&"a".into());
        same::<i64>(&7.into());
        same::<bool>(&1.into());
        same::<Vec<String>>(&r#"["a","b"]"#.into());
        same::<Map>(&r#"{"a":{"b":1}}"#.into());
        same::<Option<String>>(&Value::Null);
        same::<Option<i64>>(&7.into());
    }

    #[test]
    fn null_and_other_types_are_not_read() {
        assert_eq!(String::read(&Value::Null), None);
        assert_eq!(String::read(&1.into()), None);
        assert_eq!(i64::read(&"1".into()), None);
        assert_eq!(bool::read(&Value::Null), None);
        assert_eq!(Vec::<String>::read(&"[1]".into()), None);
        assert_eq!(Map::read(&"[]".into()), None);
        assert_eq!(<Option<i64>>::read(&"1".into()), None);
    }
}
