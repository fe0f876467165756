//! Faults that tests build in, with the feature `sabotage`, to show what holds without the
//! code that is taken away. Without the feature nothing here does anything.

use std::borrow::Cow;

use crate::sql::Value;

const ON: bool = cfg!(feature = "sabotage");

/// The statement, without its tenant: row-level security holds by itself.
pub(crate) fn predicate(sql: &str) -> Cow<'_, str> {
    match ON {
        true => Cow::Owned(sql.replace("tenant_id = $1", "CAST($1 AS TEXT) IS NOT NULL")),
        false => Cow::Borrowed(sql),
    }
}

/// Traps between two statements of a transaction, for an object whose name asks for it.
pub(crate) fn trap(sql: &str, values: &[Value]) {
    let asked = |value: &Value| matches!(value, Value::Text(text) if text.contains("TRAP HERE"));
    if ON && sql.starts_with("INSERT INTO events") && values.iter().any(asked) {
        panic!("on demand");
    }
}
