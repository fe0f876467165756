//! A statement that is being written, with the functions in which the databases differ.

use migrations::Dialect;

use crate::Value;
use crate::contract::{Field, Kind, Resource};

/// A statement with the values of its parameters, which begin at `$2`.
#[derive(Debug)]
pub struct Sql {
    /// The statement.
    pub text: String,
    /// `$2`, `$3`, …
    pub values: Vec<Value>,
    /// The database that reads it. The databases have different functions for JSON.
    dialect: Dialect,
    /// Whether the table keeps folded text, see [`Resource::folds`].
    folds: bool,
}

impl Sql {
    /// The beginning of a statement about a resource.
    pub fn new(dialect: Dialect, resource: &Resource, text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new(), dialect, folds: resource.folds() }
    }

    /// Appends the text of a column in folded case, and `LIKE`. Text that is not in the column
    /// `folded` is ASCII, and `lower` of SQL folds ASCII on both databases.
    pub(super) fn folded(&mut self, column: &str) {
        let lower = format!("lower({column})");
        self.push(&match (self.folds, self.dialect) {
            (false, _) => format!("{lower} LIKE "),
            (true, Dialect::Sqlite) => format!("COALESCE(folded ->> '{column}', {lower}) LIKE "),
            (true, Dialect::Postgres) => {
                format!("COALESCE(folded::jsonb ->> '{column}', {lower}) LIKE ")
            }
        });
    }

    /// Appends the members of a list or map as rows `member (key, value)`. The members of a list
    /// have no usable keys.
    pub(super) fn members(&mut self, field: &Field) {
        let column = field.name;
        self.push(&match (self.dialect, field.kind) {
            (Dialect::Sqlite, _) => format!("json_each({column}) AS member"),
            (Dialect::Postgres, Kind::Map) => {
                format!("jsonb_each_text({column}::jsonb) AS member (key, value)")
            }
            (Dialect::Postgres, _) => {
                format!("jsonb_array_elements_text({column}::jsonb) AS member (value)")
            }
        });
    }

    /// Appends to the statement.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Appends a parameter with this value.
    pub fn bind(&mut self, value: Value) {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&(self.values.len() + 1).to_string());
    }
}
