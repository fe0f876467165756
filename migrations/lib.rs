//! The database schema: numbered SQL files, each for both stores. Where the stores differ, the two
//! statements stand side by side, each below a line `-- sqlite:` or `-- postgres:`.
//!
//! Both stores compare text by its bytes, so that orders, cursors and limits agree. SQLite does so
//! by default. On PostgreSQL every `TEXT` column gets the collation `C`.

mod fill;
pub mod rights;

pub use fill::Fill;

/// All migrations, oldest first. The version of a schema is the number of its migrations.
pub const ALL: [Migration; 16] = [
    Migration { name: "0001_identity", text: include_str!("0001_identity.sql") },
    Migration { name: "0002_events", text: include_str!("0002_events.sql") },
    Migration { name: "0003_projects", text: include_str!("0003_projects.sql") },
    Migration { name: "0004_resources", text: include_str!("0004_resources.sql") },
    Migration { name: "0005_scaling", text: include_str!("0005_scaling.sql") },
    Migration { name: "0006_limits", text: include_str!("0006_limits.sql") },
    Migration { name: "0007_events", text: include_str!("0007_events.sql") },
    Migration { name: "0008_webhooks", text: include_str!("0008_webhooks.sql") },
    Migration { name: "0009_integrations", text: include_str!("0009_integrations.sql") },
    Migration { name: "0010_connections", text: include_str!("0010_connections.sql") },
    Migration { name: "0011_delivery_formats", text: include_str!("0011_delivery_formats.sql") },
    Migration { name: "0012_credentials", text: include_str!("0012_credentials.sql") },
    Migration { name: "0013_hops", text: include_str!("0013_hops.sql") },
    Migration { name: "0014_inbound", text: include_str!("0014_inbound.sql") },
    Migration { name: "0015_text", text: include_str!("0015_text.sql") },
    Migration { name: "0016_sealing", text: include_str!("0016_sealing.sql") },
];

/// The schema version that this code needs.
pub const VERSION: i64 = ALL.len() as i64;

/// The tables with data, which an export contains. Each comes after the tables that it refers to.
/// `schema_migrations` is left out, because it belongs to the schema.
pub const TABLES: [&str; 30] = [
    "secrets",
    "signing_keys",
    "limit_overrides",
    "clocks",
    "users",
    "tenants",
    "members",
    "clients",
    "client_secrets",
    "refresh_tokens",
    "revocations",
    "sign_in_networks",
    "teams",
    "projects",
    "notices",
    "events",
    "audit_logs",
    "idempotency_receipts",
    "webhook_endpoints",
    "webhook_secrets",
    "webhook_queues",
    "webhook_deliveries",
    "webhook_attempts",
    "integrations",
    "integration_secrets",
    "integration_health",
    "integration_authorizations",
    "integration_connections",
    "inbound_events",
    "inbound_rejections",
];

/// Gives the role in the setting `tenantry.app_role` the rights that the functions need, and no
/// others. For PostgreSQL only. It must run after every migration.
pub const GRANTS: &str = include_str!("grants.sql");

/// One migration file.
pub struct Migration {
    /// The name of the file without its extension.
    pub name: &'static str,
    text: &'static str,
}

/// The SQL dialect of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, the embedded store.
    Sqlite,
    /// PostgreSQL 15 and later.
    Postgres,
}

impl Migration {
    /// Changes of rows after the statements, in the same transaction.
    pub fn fills(&self) -> &'static [Fill] {
        if self.name == "0015_text" { &fill::TEXT } else { &[] }
    }

    /// The statements for one dialect, in order.
    pub fn statements(&self, dialect: Dialect) -> Vec<String> {
        let mut found = Vec::new();
        let mut statement = String::new();
        let mut only = None;
        for line in self.text.lines() {
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
}

fn spell(statement: &str, dialect: Dialect) -> String {
    let columns = ["CREATE TABLE ", "ALTER TABLE "].iter().any(|verb| statement.starts_with(verb));
    match dialect {
        Dialect::Postgres if columns => statement.replace(" TEXT", " TEXT COLLATE \"C\""),
        _ => statement.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
