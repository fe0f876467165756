//! Faults that tests build in with the feature `sabotage`. They show which guarantees hold without
//! the code that is taken away. Without the feature, this module does nothing.
//!
//! A request asks for faults in its `X-Request-ID`: `KEEP` leaves the tenant in its statements, and
//! `TRAP-3` ends the instance before the third step of its work on the database.

use std::borrow::Cow;
use std::cell::Cell;

use crate::Value;

const ON: bool = cfg!(feature = "sabotage");

thread_local! {
    /// Whether the request keeps the tenant in its statements. An instance has one request at a
    /// time.
    static KEEP: Cell<bool> = const { Cell::new(false) };
    /// The steps left until the trap.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Reads which faults the request asks for.
pub(crate) fn listen(request_id: &str) {
    if ON {
        let words = || request_id.split('.');
        KEEP.set(words().any(|word| word == "KEEP"));
        LEFT.set(words().find_map(|word| word.strip_prefix("TRAP-")?.parse().ok()));
    }
}

/// A step between two statements. Here the instance may be made to end.
pub(crate) fn step() {
    if ON && let Some(left) = LEFT.get() {
        assert!(left > 1, "on demand");
        LEFT.set(Some(left - 1));
    }
}

/// The statement without its comparison of the tenant, which shows that row-level security holds by
/// itself.
pub(crate) fn predicate(sql: &str) -> Cow<'_, str> {
    match ON && !KEEP.get() {
        true => Cow::Owned(sql.replace("tenant_id = $1", "CAST($1 AS TEXT) IS NOT NULL")),
        false => Cow::Borrowed(sql),
    }
}

/// Traps between two statements of a transaction, if the name of an object asks for it.
pub(crate) fn trap(sql: &str, values: &[Value]) {
    let asked = |value: &Value| matches!(value, Value::Text(text) if text.contains("TRAP HERE"));
    if ON && sql.starts_with("INSERT INTO events") && values.iter().any(asked) {
        panic!("on demand");
    }
}
