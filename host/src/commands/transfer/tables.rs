//! The tables that an export contains.

use anyhow::ensure;
use migrations::TABLES;

/// Refuses a database with other tables than those that an export contains. An import elsewhere
/// would not have their rows.
pub(super) fn complete(tables: impl Iterator<Item = String>) -> anyhow::Result<()> {
    let known = |table: &String| TABLES.contains(&table.as_str()) || table == "schema_migrations";
    let unknown = tables.filter(|table| !known(table)).collect::<Vec<_>>().join(", ");
    ensure!(
        unknown.is_empty(),
        "no migration of this release makes {unknown}, so an export would leave its rows out; move \
         it to another database, or make it in a migration"
    );
    Ok(())
}
