//! Reads from the migrations, when this crate is built, which there are and which tables they make.

use crate::dialect::{Dialect, statements};

/// The SQL file of the folder that is no migration.
const GRANTS: &str = "grants.sql";

/// The migrations among the files of the folder, oldest first, without their extension.
///
/// # Errors
/// A name that is not `NNNN_name.sql`, a number that is there twice, or a number that is left out.
pub(crate) fn in_order(files: Vec<String>) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| file != GRANTS) {
        let Some(name) = file.strip_suffix(".sql") else { continue };
        let number = number(name).ok_or_else(|| {
            format!("{file}: name a migration by four digits and words, such as 0017_books.sql")
        })?;
        found.push((number, name.to_owned()));
    }
    found.sort();
    for (at, (number, name)) in found.iter().enumerate() {
        let expected = at + 1;
        if *number < expected {
            let earlier = &found[at - 1].1;
            return Err(format!("{earlier}.sql and {name}.sql have the same number; renumber one"));
        }
        if *number > expected {
            return Err(format!(
                "{name}.sql: there is no migration {expected:04} before it; numbers have no gaps"
            ));
        }
    }
    Ok(found.into_iter().map(|(_, name)| name).collect())
}

fn number(name: &str) -> Option<usize> {
    let (number, words) = name.split_once('_')?;
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let digits = number.len() == 4 && number.chars().all(|c| c.is_ascii_digit());
    let named = !words.is_empty() && words.chars().all(is_word);
    (digits && named).then(|| number.parse().ok())?
}

/// A table, and the tables that it refers to.
struct Table {
    name: String,
    references: Vec<String>,
}

/// The tables that exist after these texts of migrations, each after those that it refers to.
/// Partitions are not listed, because their rows are those of their table.
///
/// # Errors
/// The two stores do not get the same tables, or tables refer to each other in a circle.
pub(crate) fn tables(texts: &[String]) -> Result<Vec<String>, String> {
    let sqlite = sorted(made(texts, Dialect::Sqlite))?;
    let postgres = sorted(made(texts, Dialect::Postgres))?;
    for (one, other, store) in [(&sqlite, &postgres, "PostgreSQL"), (&postgres, &sqlite, "SQLite")]
    {
        if let Some(missing) = one.iter().find(|table| !other.contains(table)) {
            return Err(format!("{store} gets no table {missing}; make it for both stores"));
        }
    }
    Ok(sqlite)
}

/// The tables in the order of their creation.
fn made(texts: &[String], dialect: Dialect) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for statement in texts.iter().flat_map(|text| statements(text, dialect)) {
        let statement = statement.replace(['(', ')', ',', '"'], " ");
        let words: Vec<&str> = statement.split_whitespace().collect();
        let references = words.windows(2).filter(|pair| pair[0] == "REFERENCES");
        let references = references.map(|pair| pair[1].to_owned());
        match words[..] {
            ["CREATE", "TABLE", _, "PARTITION", "OF", ..] => {}
            ["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, ..]
            | ["CREATE", "TABLE", name, ..] => {
                tables.push(Table { name: name.to_owned(), references: references.collect() });
            }
            ["DROP", "TABLE", ref names @ ..] => {
                tables.retain(|table| !names.contains(&table.name.as_str()));
            }
            ["ALTER", "TABLE", from, "RENAME", "TO", to] => {
                let names = tables.iter_mut().flat_map(|table| {
                    std::iter::once(&mut table.name).chain(&mut table.references)
                });
                names.filter(|name| **name == from).for_each(|name| *name = to.to_owned());
            }
            ["ALTER", "TABLE", name, ..] => {
                let table = tables.iter_mut().find(|table| table.name == name);
                table.into_iter().for_each(|table| table.references.extend(references.clone()));
            }
            _ => {}
        }
    }
    tables
}

/// Moves each table behind those that it refers to, and leaves the order as it is otherwise.
fn sorted(mut tables: Vec<Table>) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    while !tables.is_empty() {
        let is_next = |table: &Table| {
            table.references.iter().all(|name| *name == table.name || names.contains(name))
        };
        let Some(at) = tables.iter().position(is_next) else {
            let left: Vec<_> = tables.into_iter().map(|table| table.name).collect();
            return Err(format!(
                "these tables refer to each other in a circle, or to tables that there are not: {}",
                left.join(", ")
            ));
        };
        names.push(tables.remove(at).name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(files: &[&str]) -> Result<Vec<String>, String> {
        in_order(files.iter().map(|&file| file.to_owned()).collect())
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        let files = ["0002_b.sql", "grants.sql", "lib.rs", "0001_a_1.sql"];
        assert_eq!(order(&files), Ok(vec!["0001_a_1".to_owned(), "0002_b".to_owned()]));
        let refused = |files: &[&str], says: &str| {
            let error = order(files).expect_err(says);
            assert!(error.contains(says), "{error}");
        };
        refused(&["0001_a.sql", "0003_c.sql"], "0003_c.sql: there is no migration 0002");
        refused(&["0002_b.sql"], "no migration 0001");
        refused(&["0001_a.sql", "0002_b.sql", "0002_c.sql"], "0002_b.sql and 0002_c.sql have");
        for name in ["17_b.sql", "0001.sql", "0001_.sql", "0001-a.sql", "0001_A.sql", "notes.sql"] {
            refused(&[name], "name a migration by four digits");
        }
    }

    #[track_caller]
    fn found(texts: &[&str]) -> Result<Vec<String>, String> {
        tables(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tables_come_after_those_that_they_refer_to() {
        let texts = [
            "CREATE TABLE a (\n    id TEXT\n);\nCREATE TABLE b (id TEXT REFERENCES b(id));\n\
             CREATE TABLE old (id TEXT REFERENCES \"a\" (id));\n\
             -- sqlite:\nCREATE TABLE c (id TEXT);\n\
             -- postgres:\nCREATE TABLE c (id TEXT) PARTITION BY RANGE (id);\n\
             -- postgres:\nCREATE TABLE c_default PARTITION OF c DEFAULT;\n",
            "ALTER TABLE a ADD COLUMN c TEXT REFERENCES c (id);\nDROP TABLE IF EXISTS b, e;\n\
             ALTER TABLE old RENAME TO new;\nCREATE TABLE d (\n    new TEXT REFERENCES new\n);\n",
        ];
        assert_eq!(found(&texts).expect("an order"), ["c", "a", "new", "d"]);
    }

    #[test]
    fn what_has_no_order_is_refused() {
        let circle =
            "CREATE TABLE a (b TEXT REFERENCES b);\nCREATE TABLE b (a TEXT REFERENCES a);\n";
        assert!(found(&[circle]).expect_err("a circle").ends_with("not: a, b"));
        let error = found(&["-- sqlite:\nCREATE TABLE a (id TEXT);\n"]).expect_err("one store");
        assert_eq!(error, "PostgreSQL gets no table a; make it for both stores");
    }
}
