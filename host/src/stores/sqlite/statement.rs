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
        let mut words = skip_comments(sql).split(|c: char| !c.is_ascii_alphabetic());
        let first = words.next().unwrap_or_default();
        let is = |word: &str| first.eq_ignore_ascii_case(word);
        match () {
            () if is("BEGIN") => Self::Begin,
            () if is("COMMIT") || is("END") => Self::Commit,
            () if is("ROLLBACK") => match words.find(|word| !word.is_empty()) {
                Some(word) if word.eq_ignore_ascii_case("TO") => Self::Other,
                Some(word) if word.eq_ignore_ascii_case("TRANSACTION") => {
                    match words.find(|word| !word.is_empty()) {
                        Some(_) => Self::Other,
                        None => Self::RollBack,
                    }
                }
                _ => Self::RollBack,
            },
            () if is("INSERT") || is("REPLACE") || is("WITH") => Self::Insert,
            () if is("PRAGMA") && !alters(sql) => Self::Other,
            () if is("PRAGMA") || is("ATTACH") || is("DETACH") => Self::Session,
            () if is("CREATE") => match words.next() {
                Some(word) if word.to_ascii_uppercase().starts_with("TEMP") => Self::Session,
                _ => Self::Other,
            },
            () => Self::Other,
        }
    }
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
    fn kinds_are_told_by_the_first_word() {
        for (sql, kind) in [
            ("begin immediate", Kind::Begin),
            ("-- x\n /* y */ COMMIT;", Kind::Commit),
            ("ROLLBACK", Kind::RollBack),
            ("rollback transaction;", Kind::RollBack),
            ("ROLLBACK TO a", Kind::Other),
            ("ROLLBACK TRANSACTION TO SAVEPOINT a", Kind::Other),
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
