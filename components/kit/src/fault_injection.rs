//! Faults that tests build in with the feature `fault-injection`. They show which guarantees hold
//! without the code that is taken away. Without the feature, this module does nothing.
//!
//! A request asks for faults in its `X-Request-ID`: `KEEP` leaves the tenant in its statements, and
//! `TRAP-3` ends the instance before the third step of its work on the database.

use std::borrow::Cow;
use std::cell::Cell;

use crate::Value;

const ENABLED: bool = cfg!(feature = "fault-injection");

thread_local! {
    /// Whether the request keeps the tenant in its statements. An instance has one request at a
    /// time.
    static KEEP_TENANT: Cell<bool> = const { Cell::new(false) };
    /// The steps left until the trap.
    static STEPS_LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Reads which faults the request asks for.
pub(crate) fn read_faults(request_id: &str) {
    if ENABLED {
        let words = || request_id.split('.');
        KEEP_TENANT.set(words().any(|word| word == "KEEP"));
        STEPS_LEFT.set(words().find_map(|word| word.strip_prefix("TRAP-")?.parse().ok()));
    }
}

/// A step between two statements. Here the instance may be made to end.
pub(crate) fn count_step() {
    if ENABLED && let Some(left) = STEPS_LEFT.get() {
        assert!(left > 1, "on demand");
        STEPS_LEFT.set(Some(left - 1));
    }
}

/// The statement without its comparison of the tenant, which shows that row-level security holds by
/// itself.
pub(crate) fn without_tenant_predicate(sql: &str) -> Cow<'_, str> {
    match ENABLED && !KEEP_TENANT.get() {
        true => Cow::Owned(sql.replace("tenant_id = $1", "CAST($1 AS TEXT) IS NOT NULL")),
        false => Cow::Borrowed(sql),
    }
}

/// Whether a statement writes events, and the name of an object asks for a trap between two
/// statements of its transaction.
pub(crate) fn asks_for_trap(sql: &str, values: &[Value]) -> bool {
    let asked = |value: &Value| matches!(value, Value::Text(text) if text.contains("TRAP HERE"));
    ENABLED && sql.contains("INSERT INTO events") && values.iter().any(asked)
}

/// Ends the instance if it was asked for.
pub(crate) fn trap_if(asked: bool) {
    assert!(!asked, "on demand");
}
