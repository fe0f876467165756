//! From a query to SQL that SQLite and PostgreSQL both read. `$1` is the tenant.

use super::filter::containing;
use super::{Filter, Key, Literal, Place, Query, is_column};
use crate::contract::Resource;

/// A statement with the values of its parameters from `$2` on.
#[derive(Debug)]
pub struct Sql {
    /// The statement.
    pub text: String,
    /// `$2`, `$3`, …
    pub values: Vec<Literal>,
}

impl Sql {
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

/// The rows of a page: those behind `place` in the order of `keys`, without the first
/// `offset`, at most `limit`. Backwards they come in reverse.
pub fn select(
    resource: &'static Resource,
    query: &Query,
    place: Option<&Place>,
    offset: usize,
    limit: usize,
) -> Sql {
    let columns: Vec<&str> = resource.columns().map(|field| field.name).collect();
    let mut sql = filtered(resource, query, &columns.join(", "));
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

/// How many rows there are.
pub fn count(resource: &'static Resource, query: &Query) -> Sql {
    filtered(resource, query, "COUNT(*)")
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

fn filtered(resource: &'static Resource, query: &Query, columns: &str) -> Sql {
    let table = resource.table;
    let alive = if resource.append_only { "" } else { " AND deleted_at IS NULL" };
    let text = format!("SELECT {columns} FROM {table} WHERE tenant_id = $1{alive}");
    let mut sql = Sql { text, values: Vec::new() };
    conditions(&mut sql, &query.filters);
    if let Some(text) = &query.search {
        let pattern = containing(&Literal::Text(text.clone()));
        let fields = resource.fields.iter().filter(|field| field.search && is_column(field));
        for (index, field) in fields.enumerate() {
            sql.push(if index == 0 { " AND (" } else { " OR " });
            sql.push(&format!("lower({}) LIKE ", field.name));
            sql.bind(pattern.clone());
            sql.push(" ESCAPE '!'");
        }
        sql.push(")");
    }
    sql
}

/// The rows behind one in an order. A row value is what an index serves; with mixed
/// directions the condition is written out.
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
