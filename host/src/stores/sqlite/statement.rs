//! Classifies a statement before it runs.

/// What the first words of a statement mean for its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opens a transaction.
    Begin,
    /// Ends a transaction and waits for the disk.
    Commit,
    /// Rolls the whole transaction back.
    RollBack,
    /// Begins a savepoint.
    Savepoint,
    /// Inserts rows, so that the last row id changes.
    Insert,
    /// Changes the connection itself. The connection is then not given to anyone else.
    Session,
    /// Anything else.
    Other,
}

impl Kind {
    /// Classifies `sql` by its first words.
    pub(super) fn of(sql: &str) -> Self {
        let words = skip_comments(sql).split(|c: char| !c.is_ascii_alphabetic());
        let mut words = words.filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        match () {
            () if is("BEGIN") => Self::Begin,
            () if is("COMMIT") || is("END") => Self::Commit,
            () if is("ROLLBACK") && is_plain_end(sql) => Self::RollBack,
            () if is("SAVEPOINT") => Self::Savepoint,
            () if is("INSERT") || is("REPLACE") || is("WITH") => Self::Insert,
            () if is("PRAGMA") && !alters(sql) => Self::Other,
            () if is("PRAGMA") || is("ATTACH") || is("DETACH") => Self::Session,
            // Some pragmas take effect when they are explained.
            () if is("EXPLAIN") => match words.any(|word| word.eq_ignore_ascii_case("PRAGMA")) {
                true => Self::Session,
                false => Self::Other,
            },
            () if is("CREATE") => match words.next() {
                Some(word) if word.to_ascii_uppercase().starts_with("TEMP") => Self::Session,
                _ => Self::Other,
            },
            () => Self::Other,
        }
    }
}

/// Whether a statement is nothing but the end of the whole transaction.
pub(super) fn is_plain_end(sql: &str) -> bool {
    let plain = skip_comments(sql).trim_end_matches(|c: char| c == ';' || c.is_ascii_whitespace());
    let mut words = plain.split_ascii_whitespace();
    let is_end = words.next().is_some_and(|word| {
        ["COMMIT", "END", "ROLLBACK"].iter().any(|end| word.eq_ignore_ascii_case(end))
    });
    is_end
        && words.next().is_none_or(|word| word.eq_ignore_ascii_case("TRANSACTION"))
        && words.next().is_none()
}

/// Whether a writing statement in a transaction may take more than one pass over one table. It may
/// if it contains a query.
pub(super) fn may_take_long(sql: &str) -> bool {
    sql.as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"select"))
}

/// Whether a pragma may change the connection. It may if it has an argument that is not the name of
/// a table, unless it is one of those that are stored in the database.
fn alters(pragma: &str) -> bool {
    let pragma = pragma.to_ascii_lowercase();
    let harmless = ["user_version", "application_id", "table_", "index_", "foreign_key_"];
    let name = skip_comments(&pragma).trim_start_matches("pragma").trim_start();
    let argument = name.contains(['=', '(']);
    argument && (name.starts_with("foreign_keys") || !harmless.iter().any(|h| name.starts_with(h)))
}

fn skip_comments(sql: &str) -> &str {
    let mut rest = sql.trim_start();
    loop {
        let after = if let Some(line) = rest.strip_prefix("--") {
            line.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(block) = rest.strip_prefix("/*") {
            block.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest;
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_end_is_plain() {
        for sql in ["COMMIT", "end transaction ;", "/* rows only */ ROLLBACK"] {
            assert!(is_plain_end(sql), "{sql}");
        }
        for sql in ["", ";COMMIT", "COMMIT nothing", "ROLLBACK TO a", "COMMIT; SELECT 1"] {
            assert!(!is_plain_end(sql), "{sql}");
        }
    }

    #[test]
    fn kinds_are_told_by_the_first_word() {
        for (sql, kind) in [
            ("begin immediate", Kind::Begin),
            ("-- x\n /* y */ COMMIT;", Kind::Commit),
            ("ROLLBACK", Kind::RollBack),
            ("rollback transaction;", Kind::RollBack),
            ("ROLLBACK TO a", Kind::Other),
            ("savepoint a", Kind::Savepoint),
            ("ROLLBACK TRANSACTION TO SAVEPOINT a", Kind::Other),
            ("ROLLBACK /* x */ TO a", Kind::Other),
            ("ROLLBACK TRANSACTION a", Kind::Other),
            ("/* rows only */ BEGIN IMMEDIATE", Kind::Begin),
            ("/* rows only */ ROLLBACK", Kind::RollBack),
            ("CREATE  TEMP TABLE t (a)", Kind::Session),
            ("EXPLAIN QUERY PLAN PRAGMA query_only = 1", Kind::Session),
            ("EXPLAIN SELECT 1", Kind::Other),
            ("INSERT INTO t VALUES (1)", Kind::Insert),
            ("create temporary table t (a)", Kind::Session),
            ("create table t (a)", Kind::Other),
            ("pragma foreign_keys=off", Kind::Session),
            ("PRAGMA synchronous(0)", Kind::Session),
            ("PRAGMA user_version = 3", Kind::Other),
            ("PRAGMA foreign_keys", Kind::Other),
            ("PRAGMA table_info(t)", Kind::Other),
            ("SELECT 1", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(sql), kind, "{sql}");
        }
    }
}
