//! What the functions that a statement calls may leave behind in the session, for statements that
//! read or write rows.

use super::session_effect::SessionEffect;
use super::words::is_part;

/// The effect of all functions whose names occur anywhere in `sql`, even inside a text.
pub(super) fn effect_of_functions(sql: &str) -> SessionEffect {
    // The form U&"…" can spell any name.
    if sql.as_bytes().windows(2).any(|pair| pair.eq_ignore_ascii_case(b"u&")) {
        return SessionEffect::Unknown;
    }
    let mut effect = SessionEffect::Nothing;
    let mut into = false;
    let mut rest = sql;
    while let Some(start) = rest.find(is_part) {
        rest = &rest[start..];
        let (word, after) = rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
        rest = after;
        let starts = |prefix: &str| {
            word.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        };
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        effect = effect.max(match () {
            () if word.len() < 4 => SessionEffect::Nothing,
            () if starts("dblink") || starts("query_to_") || starts("cursor_to_") => {
                SessionEffect::Unknown
            }
            () if starts("ts_stat") || starts("ts_rewrite") => SessionEffect::Unknown,
            () if starts("pg_replication_") || starts("crosstab") => SessionEffect::Unknown,
            () if starts("set_config") && is_local_setting(after) => SessionEffect::Nothing,
            () if starts("pg_advisory_xact_") || starts("pg_try_advisory_xact_") => {
                SessionEffect::Nothing
            }
            () if starts("set_config") || starts("setseed") || starts("pg_temp") => {
                SessionEffect::Session
            }
            () if starts("pg_advisory_") || starts("pg_try_advisory_") => SessionEffect::Session,
            // A column may have this name, but `SELECT … INTO TEMP t` makes a table.
            () if into && (is("temp") || is("temporary")) => SessionEffect::Session,
            () => SessionEffect::Nothing,
        });
        into |= is("into");
    }
    effect
}

/// Whether the last argument of a `set_config` is a plain `true`, so the setting ends with the
/// transaction. If the arguments are too complex to follow, then the answer is no.
fn is_local_setting(arguments: &str) -> bool {
    let Some(arguments) = arguments.strip_prefix('(') else { return false };
    let (mut depth, mut quoted, mut last) = (0, false, 0);
    for (at, c) in arguments.char_indices() {
        match c {
            '\\' | '"' => return false,
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '-' | '/' => return false,
            '$' if !arguments[at + 1..].starts_with(|c: char| c.is_ascii_digit()) => return false,
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            ')' => return arguments[last..at].trim().eq_ignore_ascii_case("true"),
            ',' if depth == 0 => last = at + 1,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_tell() {
        for (sql, effect) in [
            ("select set_config('app.tenant', $1, true)", SessionEffect::Nothing),
            ("select set_config('a', coalesce($1, 'x)'), TRUE), 1", SessionEffect::Nothing),
            ("select pg_catalog.set_config('a', 'b', false)", SessionEffect::Session),
            ("select set_config('a', 'b', $1)", SessionEffect::Session),
            ("select set_config('a', 'b', true or false)", SessionEffect::Session),
            ("select \"set_config\"('a', 'b', true)", SessionEffect::Session),
            ("select set_config('a', $x$',$x$, false), ', true)'", SessionEffect::Session),
            ("select set_config /* , true) */ ('a', 'b', false)", SessionEffect::Session),
            (
                "select set_config('a', 'b', true), set_config('a', 'b', false)",
                SessionEffect::Session,
            ),
            ("select U&\"\\0073et_config\"('a', 'b', false)", SessionEffect::Unknown),
            ("select pg_advisory_xact_lock(1)", SessionEffect::Nothing),
            ("select pg_try_advisory_xact_lock_shared(1)", SessionEffect::Nothing),
            ("select PG_ADVISORY_LOCK(1)", SessionEffect::Session),
            ("select 1 into /* a */ temp t", SessionEffect::Session),
            ("insert into t (temperature) values (1)", SessionEffect::Nothing),
            ("select temp from t", SessionEffect::Nothing),
            ("select query_to_xml($1, true, true, '')", SessionEffect::Unknown),
            ("select 'é' || $1", SessionEffect::Nothing),
        ] {
            assert_eq!(effect_of_functions(sql), effect, "{sql}");
        }
    }
}
