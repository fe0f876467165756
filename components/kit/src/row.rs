//! The rows of a result.

use std::vec::IntoIter;

use crate::{Error, Value};

/// A row of a result. Its columns are read in the order of the `SELECT`.
pub struct Row {
    values: IntoIter<Value>,
    width: usize,
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Self { width: values.len(), values: values.into_iter() }
    }

    /// The next columns: one for a value, several for a tuple or a struct.
    ///
    /// # Errors
    /// `internal-error` if there is no further column, for NULL where an `Option` is not wanted, and
    /// for a value of another type.
    pub fn get<T: FromRow>(&mut self) -> Result<T, Error> {
        T::from_row(self)
    }

    /// All columns that are left.
    ///
    /// # Errors
    /// As [`Row::get`]; also if there are more columns than that.
    pub fn read<T: FromRow>(mut self) -> Result<T, Error> {
        let found = self.get()?;
        match self.values.len() {
            0 => Ok(found),
            left => Err(Error::internal(format!("{left} columns of {} are left over", self.width))),
        }
    }

    /// The values of the columns that are left.
    pub(crate) fn values(self) -> Vec<Value> {
        self.values.collect()
    }

    fn value<T: FromValue>(&mut self) -> Result<T, Error> {
        let column = self.width - self.values.len() + 1;
        let value = self.values.next();
        // The value itself may be personal, so the log has its type only.
        let found = match &value {
            None => "missing",
            Some(Value::Null) => "null",
            Some(Value::Integer(_)) => "an integer",
            Some(Value::Text(_)) => "text",
        };
        value.and_then(T::from_value).ok_or_else(|| {
            let wanted = std::any::type_name::<T>();
            Error::internal(format!("column {column} of a row is {found} and not {wanted}"))
        })
    }
}

/// What one column can be read as.
pub trait FromValue: Sized {
    /// The value in this type; `None` if it has another one.
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// What the next columns of a row can be read as.
pub trait FromRow: Sized {
    /// Reads the next columns.
    ///
    /// # Errors
    /// As [`Row::get`].
    fn from_row(row: &mut Row) -> Result<Self, Error>;
}

impl<T: FromValue> FromRow for T {
    fn from_row(row: &mut Row) -> Result<Self, Error> {
        row.value()
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {$(
        impl<$($name: FromRow),*> FromRow for ($($name,)*) {
            fn from_row(row: &mut Row) -> Result<Self, Error> {
                Ok(($(row.get::<$name>()?,)*))
            }
        }
    )*};
}

tuples! {
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

#[cfg(test)]
mod tests {
    use super::Row;
    use crate::values;

    fn row() -> Row {
        Row::new(values!["a", 7_i64, None::<i64>, true].to_vec())
    }

    #[test]
    fn columns_are_read_in_order_with_their_types() {
        let read: (String, i64, Option<String>, bool) = row().read().expect("fits");
        assert_eq!(read, ("a".to_owned(), 7, None, true));
        let mut row = row();
        let first: (String, i64) = row.get().expect("fits");
        assert_eq!(first, ("a".to_owned(), 7));
        assert_eq!(row.values(), values![None::<i64>, true]);
    }

    #[track_caller]
    fn refused<T: super::FromRow>(expected: &str) {
        let error = row().read::<T>().err().expect("does not fit");
        let cause = error.internal.unwrap_or_default();
        assert!(cause.contains(expected), "{cause}");
        assert!(!error.message.contains("column"), "{}", error.message);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        refused::<i64>("column 1 of a row is text and not i64");
        refused::<(String, String)>("column 2 of a row is an integer and not");
        refused::<(String, i64, String)>("column 3 of a row is null and not");
        refused::<((String, i64), (Option<i64>, bool, bool))>("column 5 of a row is missing");
        refused::<(String, i64)>("2 columns of 4 are left over");
    }
}
