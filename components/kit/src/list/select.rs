//! Makes SQL from a query, for both SQLite and PostgreSQL. `$1` is the tenant.

use migrations::Dialect;

use super::cursor::Position;
use super::filter::{Filter, containing};
use super::names::is_column;
use super::query::Query;
use super::sort::Key;
use super::sql::Sql;
use crate::Value;
use crate::contract::Resource;

/// The rows of a page: the rows behind `position` in the order of `keys`, without the first `offset`,
/// and at most `limit` rows. If `position` goes backwards, then the rows come in reverse order.
pub fn select(
    dialect: Dialect,
    resource: &'static Resource,
    query: &Query,
    position: Option<&Position>,
    offset: usize,
    limit: usize,
) -> Sql {
    let columns: Vec<&str> = resource.columns().map(|field| field.name).collect();
    let mut sql = filtered(dialect, resource, query, &columns.join(", "));
    let mut keys = query.keys(resource);
    if let Some(position) = position {
        if position.backwards {
            keys.iter_mut().for_each(|key| key.descending = !key.descending);
        }
        sql.push(" AND ");
        keyset_condition(&mut sql, &keys, &position.keys);
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

fn number(number: usize) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn filtered(dialect: Dialect, resource: &'static Resource, query: &Query, columns: &str) -> Sql {
    let table = resource.table;
    let alive = if resource.append_only { "" } else { " AND deleted_at IS NULL" };
    let text = format!("SELECT {columns} FROM {table} WHERE tenant_id = $1{alive}");
    let mut sql = Sql::new(dialect, resource, text);
    conditions(&mut sql, &query.filters);
    if let Some(text) = &query.search {
        let pattern = containing(&Value::Text(text.clone()));
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
fn keyset_condition(sql: &mut Sql, keys: &[Key], values: &[Value]) {
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
