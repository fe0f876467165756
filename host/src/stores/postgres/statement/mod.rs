//! Classifies a statement before it runs.
//!
//! The classification uses only the text. In doubt a statement counts as one that leaves more
//! behind. What a function in the database does cannot be seen. So somebody who may define
//! functions for the user of an address shares that user's sessions.

mod functions;
mod session_effect;
mod words;

pub(super) use session_effect::SessionEffect;

use functions::effect_of_functions;
use words::{Words, is_part};

/// The longest statement for settings that waits for the next statement, in bytes.
const MAX_SETTINGS: usize = 1 << 10;

/// What a statement means for the connection that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opens a transaction and cannot fail, so it may be sent together with the next statement.
    Begin,
    /// Opens a transaction, but may fail.
    Open,
    /// Ends a transaction. Whether it is committed or not, it is no longer open.
    Commit,
    /// Undoes a transaction.
    Rollback,
    /// Reads or writes rows. The server keeps its plan.
    Rows,
    /// Like `Rows`, but its one row says nothing: it makes settings and takes locks that end with
    /// the transaction. So it may be sent together with the next statement.
    Settings,
    /// Anything else.
    Other,
}

/// The kind of a statement, and its effect on the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) kind: Kind,
    pub(super) effect: SessionEffect,
}

impl Statement {
    /// Classifies `sql` by its first words and by the functions that it calls.
    pub(super) fn of(sql: &str) -> Self {
        let mut words = Words(sql);
        // Empty statements may come before the first word.
        let first = words.find(|word| *word != ";").unwrap_or_default().to_ascii_lowercase();
        let (kind, effect) = match first.as_str() {
            "select" | "insert" | "update" | "delete" | "with" | "values" | "merge" | "table"
            | "(" => rows(sql),
            "begin" | "start" | "commit" | "end" | "rollback" | "abort" => {
                (control(&first, words), SessionEffect::Nothing)
            }
            "" | "savepoint" | "release" | "show" | "lock" | "notify" | "fetch" | "move"
            | "close" => (Kind::Other, SessionEffect::Nothing),
            "set" if is_local(words) => (Kind::Other, SessionEffect::Nothing),
            "set" | "reset" | "listen" | "unlisten" | "declare" | "create" | "alter" | "drop"
            | "grant" | "revoke" | "comment" | "truncate" | "analyze" | "explain" => {
                (Kind::Other, SessionEffect::Session)
            }
            // PREPARE TRANSACTION leaves nothing behind. A later ROLLBACK, when the connection is
            // dropped, has nothing to roll back and is harmless.
            "prepare" if words.next().is_some_and(|w| w.eq_ignore_ascii_case("transaction")) => {
                (Kind::Other, SessionEffect::Nothing)
            }
            _ => (Kind::Other, SessionEffect::Unknown),
        };
        Self { kind, effect }
    }
}

/// The kind and the effect of a statement for rows.
fn rows(sql: &str) -> (Kind, SessionEffect) {
    let effect = effect_of_functions(sql);
    match effect == SessionEffect::Nothing && makes_settings_only(sql) {
        true => (Kind::Settings, effect),
        false => (Kind::Rows, effect),
    }
}

/// Functions whose effect ends with the transaction, and those that compute their arguments.
const SETTINGS: [&str; 4] = ["set_config", "pg_advisory_xact_lock", "hashtextextended", "hashtext"];

/// Whether a statement has exactly one row, and calls no functions but [`SETTINGS`]. A setting ends
/// with the transaction, because its effect was found to be nothing.
fn makes_settings_only(sql: &str) -> bool {
    if sql.len() > MAX_SETTINGS || !sql.starts_with("SELECT set_config(") || !sql.is_ascii() {
        return false;
    }
    // Behind the SELECT at the beginning.
    let words: Vec<_> = Words(sql).skip(1).collect();
    let is_refused = |word: &&str| {
        let clauses = ["select", "into", "from", "where", "having", "limit", "offset", "fetch"];
        let joins = ["union", "intersect", "except"];
        let mut refused = clauses.iter().chain(&joins);
        matches!(*word, "\"" | ":") || refused.any(|other| word.eq_ignore_ascii_case(other))
    };
    let mut calls = words.windows(2).filter(|pair| pair[1] == "(" && pair[0].starts_with(is_part));
    !words.iter().any(is_refused) && calls.all(|pair| SETTINGS.contains(&pair[0]))
}

/// The kind of a statement that controls transactions. Only the plain forms are recognised. After
/// any other form of an end, such as `ROLLBACK TO`, a transaction still counts as open.
fn control(first: &str, rest: Words<'_>) -> Kind {
    let rest = rest.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
    let rest = rest.trim_end_matches([' ', ';']);
    let plain = |rest: &str| matches!(rest, "" | "work" | "transaction");
    match first {
        "begin" => match rest.strip_prefix("work").or_else(|| rest.strip_prefix("transaction")) {
            Some(modes) if are_modes(modes) => Kind::Begin,
            None if are_modes(rest) => Kind::Begin,
            _ => Kind::Open,
        },
        "start" => match rest.strip_prefix("transaction") {
            Some(modes) if are_modes(modes) => Kind::Begin,
            _ => Kind::Open,
        },
        "commit" | "end" if plain(rest) => Kind::Commit,
        "rollback" | "abort" if plain(rest) => Kind::Rollback,
        _ => Kind::Other,
    }
}

/// Whether `text` is a list of transaction modes that PostgreSQL accepts, or empty.
fn are_modes(text: &str) -> bool {
    const MODES: [&str; 8] = [
        "isolation level read committed",
        "isolation level read uncommitted",
        "isolation level repeatable read",
        "isolation level serializable",
        "read only",
        "read write",
        "deferrable",
        "not deferrable",
    ];
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some(after) = MODES.iter().find_map(|mode| rest.strip_prefix(mode)) else {
            return false;
        };
        rest = match after.strip_prefix(" , ") {
            Some("") => return false,
            Some(next) => next,
            None if after.is_empty() => after,
            None => match after.strip_prefix(' ') {
                Some(next) if !next.starts_with(',') => next,
                _ => return false,
            },
        };
    }
    true
}

/// Whether a `SET` lasts only until the end of its transaction. `SET local.name = …` lasts longer.
fn is_local(mut words: Words<'_>) -> bool {
    let scope = words.next().unwrap_or_default().to_ascii_lowercase();
    let name = words.next().unwrap_or_default();
    matches!(scope.as_str(), "local" | "transaction" | "constraints")
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"')
        && !name.eq_ignore_ascii_case("to")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_the_first_words() {
        for (sql, kind) in [
            ("begin", Kind::Begin),
            ("-- x\n /* y /* z */ */ BEGIN WORK;", Kind::Begin),
            (";;BEGIN", Kind::Begin),
            ("Begin Transaction Isolation Level Serializable, Read Only", Kind::Begin),
            ("START TRANSACTION READ WRITE NOT DEFERRABLE;", Kind::Begin),
            ("begin isolation level chaos", Kind::Open),
            ("begin read only,", Kind::Open),
            ("begin , read only", Kind::Open),
            ("begin; select 1", Kind::Open),
            ("COMMIT", Kind::Commit),
            ("end transaction ;", Kind::Commit),
            ("commit and chain", Kind::Other),
            ("COMMIT PREPARED 'x'", Kind::Other),
            ("rollback", Kind::Rollback),
            ("ABORT WORK", Kind::Rollback),
            ("ROLLBACK /* not all */ TO SAVEPOINT a", Kind::Other),
            ("rollback work to a", Kind::Other),
            ("prepare transaction 'x'", Kind::Other),
            ("SELECT 1", Kind::Rows),
            ("(select 1)", Kind::Rows),
            ("SELECT set_config('a.b', $1, true)", Kind::Settings),
            ("SELECT set_config('a.b', $1, true), pg_advisory_xact_lock(1)", Kind::Settings),
            ("SELECT set_config('a.b', $1, false)", Kind::Rows),
            ("SELECT set_config('a.b', a, true) FROM t", Kind::Rows),
            ("SELECT set_config('a.b', 'c', true) WHERE $1", Kind::Rows),
            ("SELECT set_config('a.b', 'c', true), mine($1)", Kind::Rows),
            ("SELECT set_config('a.b', 'c', true), \"mine\"($1)", Kind::Rows),
            ("SELECT set_config('a.b', 'c', true), generate_series(1, 3)", Kind::Rows),
            ("SELECT set_config('a.b', (SELECT 'c'), true)", Kind::Rows),
            ("SELECT set_config('a.b', 'c', true) INTO t", Kind::Rows),
            ("with a as (select 1) select * from a", Kind::Rows),
            ("create table begin (a int)", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Statement::of(sql).kind, kind, "{sql}");
        }
    }

    #[test]
    fn in_doubt_a_statement_leaves_something() {
        for (sql, effect) in [
            ("SELECT 1", SessionEffect::Nothing),
            ("begin", SessionEffect::Nothing),
            ("savepoint a", SessionEffect::Nothing),
            ("SET LOCAL lock_timeout = '1s'", SessionEffect::Nothing),
            ("set transaction isolation level serializable", SessionEffect::Nothing),
            ("set local.secret = '1'", SessionEffect::Session),
            ("set local to '1'", SessionEffect::Session),
            ("SET search_path = x", SessionEffect::Session),
            ("set session characteristics as transaction read only", SessionEffect::Session),
            ("listen x", SessionEffect::Session),
            ("create temp table x (a int)", SessionEffect::Session),
            ("declare c cursor with hold for select 1", SessionEffect::Session),
            ("prepare transaction 'x'", SessionEffect::Nothing),
            ("prepare x as select 1", SessionEffect::Unknown),
            ("discard all", SessionEffect::Unknown),
            ("do $$ begin end $$", SessionEffect::Unknown),
            ("\u{feff}select 1", SessionEffect::Unknown),
        ] {
            assert_eq!(Statement::of(sql).effect, effect, "{sql}");
        }
    }
}
