//! Makes SQL from a query, for both SQLite and PostgreSQL. `$1` is the tenant.

use migrations::Dialect;

use super::filter::containing;
use super::{Filter, Key, Literal, Place, Query, is_column};
use crate::contract::{Field, Kind, Resource};

/// A statement with the values of its parameters, which begin at `$2`.
#[derive(Debug)]
pub struct Sql {
    /// The statement.
    pub text: String,
    /// `$2`, `$3`, …
    pub values: Vec<Literal>,
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
    pub fn bind(&mut self, value: Literal) {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&(self.values.len() + 1).to_string());
    }
}

/// The rows of a page: the rows behind `place` in the order of `keys`, without the first `offset`,
/// and at most `limit` rows. If `place` goes backwards, then the rows come in reverse order.
pub fn select(
    dialect: Dialect,
    resource: &'static Resource,
    query: &Query,
    place: Option<&Place>,
    offset: usize,
    limit: usize,
) -> Sql {
    let columns: Vec<&str> = resource.columns().map(|field| field.name).collect();
    let mut sql = filtered(dialect, resource, query, &columns.join(", "));
    let mut keys = query.keys(resource);
    if let Some(place) = place {
        if place.backwards {
            keys.iter_mut().for_each(|key| key.descending = !key.descending);
        }
        sql.push(" AND ");
        behind(&mut sql, &keys, &place.keys);
    }
    let order: Vec<String> = keys
        .iter()
        .map(|key| format!("{}{}", key.field.name, if key.descending { " DESC" } else { "" }))
        .collect();
    sql.push(&format!(" ORDER BY {} LIMIT ", order.join(", ")));
    sql.bind(number(limit));
    if offset > 0 {
        sql.push(" OFFSET ");
        sql.bind(number(offset));
    }
    sql
}

/// The number of rows that the query finds.
pub fn count(dialect: Dialect, resource: &'static Resource, query: &Query) -> Sql {
    filtered(dialect, resource, query, "COUNT(*)")
}

/// Appends filters to a condition, each with `AND` in front.
pub fn conditions(sql: &mut Sql, filters: &[Filter]) {
    for filter in filters {
        sql.push(" AND ");
        filter.write(sql);
    }
}

fn number(number: usize) -> Literal {
    Literal::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn filtered(dialect: Dialect, resource: &'static Resource, query: &Query, columns: &str) -> Sql {
    let table = resource.table;
    let alive = if resource.append_only { "" } else { " AND deleted_at IS NULL" };
    let text = format!("SELECT {columns} FROM {table} WHERE tenant_id = $1{alive}");
    let mut sql = Sql::new(dialect, resource, text);
    conditions(&mut sql, &query.filters);
    if let Some(text) = &query.search {
        let pattern = containing(&Literal::Text(text.clone()));
        let fields = resource.fields.iter().filter(|field| field.search && is_column(field));
        for (index, field) in fields.enumerate() {
            sql.push(if index == 0 { " AND (" } else { " OR " });
            sql.folded(field.name);
            sql.bind(pattern.clone());
            sql.push(" ESCAPE '!'");
        }
        sql.push(")");
    }
    sql
}

/// Appends the condition for the rows behind one row. If all keys have one direction, then the
/// condition is a row value, which an index serves. With mixed directions the condition is written
/// out.
fn behind(sql: &mut Sql, keys: &[Key], values: &[Literal]) {
    let descending = keys.first().is_some_and(|key| key.descending);
    if keys.iter().all(|key| key.descending == descending) {
        let names: Vec<&str> = keys.iter().map(|key| key.field.name).collect();
        let symbol = if descending { "<" } else { ">" };
        sql.push(&format!("({}) {symbol} (", names.join(", ")));
        for (index, value) in values.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " });
            sql.bind(value.clone());
        }
        sql.push(")");
        return;
    }
    sql.push("(");
    for end in 0..keys.len() {
        sql.push(if end == 0 { "(" } else { " OR (" });
        for (index, (key, value)) in keys.iter().zip(values).take(end + 1).enumerate() {
            let symbol = match (index == end, key.descending) {
                (false, _) => "=",
                (true, true) => "<",
                (true, false) => ">",
            };
            let and = if index == 0 { "" } else { " AND " };
            sql.push(&format!("{and}{} {symbol} ", key.field.name));
            sql.bind(value.clone());
        }
        sql.push(")");
    }
    sql.push(")");
}
