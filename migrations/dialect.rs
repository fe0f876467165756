//! Splits the text of a migration into the statements of one store.

/// The SQL dialect of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, the embedded store.
    Sqlite,
    /// PostgreSQL 15 and later.
    Postgres,
}

/// The statements for one dialect, in order.
pub(crate) fn statements(text: &str, dialect: Dialect) -> Vec<String> {
    let mut found = Vec::new();
    let mut statement = String::new();
    let mut only = None;
    for line in text.lines() {
        match line.trim() {
            "-- sqlite:" => only = Some(Dialect::Sqlite),
            "-- postgres:" => only = Some(Dialect::Postgres),
            comment if comment.starts_with("--") => {}
            "" if statement.is_empty() => {}
            _ => {
                statement.push_str(line);
                statement.push('\n');
                // A semicolon between dollar quotes does not end the statement.
                let quoted = statement.matches("$$").count() % 2 == 1;
                if line.ends_with(';') && !quoted {
                    let whole = std::mem::take(&mut statement);
                    if only.take().is_none_or(|only| only == dialect) {
                        found.push(spell(whole.trim_end().trim_end_matches(';'), dialect));
                    }
                }
            }
        }
    }
    found
}

fn spell(statement: &str, dialect: Dialect) -> String {
    let columns = ["CREATE TABLE ", "ALTER TABLE "].iter().any(|verb| statement.starts_with(verb));
    match dialect {
        Dialect::Postgres if columns => statement.replace(" TEXT", " TEXT COLLATE \"C\""),
        _ => statement.to_owned(),
    }
}
