//! Compares the list of tables, which the build makes, with the tables that the migrations make.

#![allow(missing_docs)]

use migrations::{ALL, Dialect, TABLES};
use std::collections::BTreeMap;

/// The tables that exist after all migrations, and the tables that each refers to.
fn tables(dialect: Dialect) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for statement in ALL.iter().flat_map(|migration| migration.statements(dialect)) {
        let words: Vec<_> = statement.split_whitespace().collect();
        match words[..] {
            ["CREATE", "TABLE", _, "PARTITION", "OF", ..] => {}
            ["CREATE", "TABLE", name, ..] => {
                let references = words.windows(2).filter(|pair| pair[0] == "REFERENCES");
                let references = references.map(|pair| pair[1].to_owned()).collect();
                found.insert(name.to_owned(), references);
            }
            ["DROP", "TABLE", name] => drop(found.remove(name)),
            _ => {}
        }
    }
    found
}

#[test]
fn the_tables_are_those_of_both_stores_in_an_order_that_references_allow() {
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let found = tables(dialect);
        let mut named = TABLES.to_vec();
        named.sort_unstable();
        assert_eq!(found.keys().collect::<Vec<_>>(), named, "{dialect:?}");
        for (place, table) in TABLES.iter().enumerate() {
            for earlier in &found[*table] {
                assert!(TABLES[..place].contains(&earlier.as_str()), "{table} before {earlier}");
            }
        }
    }
}
