//! The database schema: numbered SQL files, each for both stores. Where the stores differ, the two
//! statements stand side by side, each below a line `-- sqlite:` or `-- postgres:`.
//!
//! Both stores compare text by its bytes, so that orders, cursors and limits agree. SQLite does so
//! by default. On PostgreSQL every `TEXT` column gets the collation `C`.

mod dialect;
mod fill;
pub mod rights;
#[cfg(test)]
mod schema;

pub use dialect::Dialect;
pub use fill::Fill;

// The lists `ALL` and `TABLES`, which the build makes from the SQL files of this folder.

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// The schema version that this code needs.
pub const VERSION: i64 = ALL.len() as i64;

/// Gives the role in the setting `tenantry.app_role` the rights that the functions need, and no
/// others. For PostgreSQL only. It must run after every migration.
pub const GRANTS: &str = include_str!("grants.sql");

/// One migration file.
pub struct Migration {
    /// The name of the file without its extension.
    pub name: &'static str,
    text: &'static str,
}

impl Migration {
    /// Changes of rows after the statements, in the same transaction.
    pub fn fills(&self) -> &'static [Fill] {
        if self.name == "0015_text" { &fill::TEXT } else { &[] }
    }

    /// The statements for one dialect, in order. In a function there are those for SQLite only.
    pub fn statements(&self, dialect: Dialect) -> Vec<String> {
        dialect::statements(self.text, dialect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text that the build makes for a function (`build.rs`) has the same statements.
    #[test]
    fn statements_are_read_back() {
        for migration in &ALL {
            let statements = migration.statements(Dialect::Sqlite);
            let text = statements.iter().map(|it| format!("{it};\n")).collect::<String>();
            assert_eq!(
                dialect::statements(&text, Dialect::Sqlite),
                statements,
                "{}",
                migration.name
            );
        }
    }

    #[test]
    fn each_store_gets_its_own() {
        let migration = Migration {
            name: "0000_test",
            text: "-- About a.\n\
                   CREATE TABLE a (\n    id TEXT NOT NULL -- why\n);\n\n\
                   -- sqlite:\nCREATE TABLE b (id INTEGER);\n\
                   -- Why not so in SQLite.\n-- postgres:\n\
                   CREATE FUNCTION b() RETURNS TEXT AS $$\nBEGIN\n    a;\nEND\n$$;\n\
                   DROP TABLE c;\n",
        };
        assert_eq!(
            migration.statements(Dialect::Sqlite),
            [
                "CREATE TABLE a (\n    id TEXT NOT NULL -- why\n)",
                "CREATE TABLE b (id INTEGER)",
                "DROP TABLE c"
            ]
        );
        assert_eq!(
            migration.statements(Dialect::Postgres),
            [
                "CREATE TABLE a (\n    id TEXT COLLATE \"C\" NOT NULL -- why\n)",
                "CREATE FUNCTION b() RETURNS TEXT AS $$\nBEGIN\n    a;\nEND\n$$",
                "DROP TABLE c"
            ]
        );
    }
}
