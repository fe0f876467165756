//! The values of columns and of the parameters of statements.

use serde::{Deserialize, Serialize};

/// A value as the database stores it. No table has columns of other types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// No value.
    Null,
    /// A number, a truth value as 0 or 1, or milliseconds since the Unix epoch.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Value {
            fn from(number: $integer) -> Self {
                Self::Integer(number.into())
            }
        }
    )*};
}

integers!(bool i32 i64 u8 u16 u32);

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement, each of a type that is a [`Value`]: `values![id, now()]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn values_are_made_of_what_columns_hold() {
        let text = "a".to_owned();
        assert_eq!(
            values!["a", &text, text.clone(), 1_i64, true, 3_u16, None::<&str>, Some(4_i64)],
            [
                Value::Text("a".to_owned()),
                Value::Text("a".to_owned()),
                Value::Text("a".to_owned()),
                Value::Integer(1),
                Value::Integer(1),
                Value::Integer(3),
                Value::Null,
                Value::Integer(4),
            ]
        );
    }

    /// Cursors hold values as JSON.
    #[test]
    fn values_are_plain_json() {
        let json = serde_json::to_string(&values!["a", 1_i64, None::<i64>]).expect("JSON");
        assert_eq!(json, "[\"a\",1,null]");
        let read: Vec<Value> = serde_json::from_str(&json).expect("values");
        assert_eq!(read, values!["a", 1_i64, None::<i64>]);
    }
}
