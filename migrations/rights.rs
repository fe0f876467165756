//! The owner of each table, and the rights of each function on it. Only the owner writes a table,
//! and with few exceptions only the owner reads it (`tests/rules/tables.rs`). On PostgreSQL,
//! functions may have roles of their own, which have these rights and no others (`tenantry migrate
//! --function-roles`). If a table does not name a function, then the function cannot read it.
//! Partitions are reached only through their table.

/// The functions that use a database.
pub const FUNCTIONS: [&str; 7] =
    ["auth", "events", "integrations", "operations", "projects", "tenants", "webhooks"];

/// The owner of the tables that all functions share. Its code runs in every function.
pub const KIT: &str = "kit";

/// The functions that change data of tenants. They answer retries with idempotency receipts.
const WRITERS: &[&str] = &["auth", "integrations", "projects", "tenants", "webhooks"];
/// The functions with callers: each may write that a caller was refused, as an audit entry with its
/// event.
const CALLED: &[&str] = &["auth", "events", "integrations", "projects", "tenants", "webhooks"];
const ALL: &[&str] = &FUNCTIONS;

const READ: &str = "SELECT";
/// For tables to which rows are only added.
const ADD: &str = "SELECT, INSERT";
const WRITE: &str = "SELECT, INSERT, UPDATE";
/// For tables whose rows are swept by another function than those that write them.
const SWEEP: &str = "SELECT, DELETE";
const OWN: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Functions, and their rights on a table.
type Right = (&'static [&'static str], &'static str);

/// A table.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The function that owns it, or [`KIT`].
    pub owner: &'static str,
    rights: &'static [Right],
}

const fn table(name: &'static str, owner: &'static str, rights: &'static [Right]) -> Table {
    Table { name, owner, rights }
}

/// All tables.
pub const OWNERS: &[Table] = &[
    table("schema_migrations", KIT, &[(ALL, READ)]),
    // Has the key that protects cursors.
    table("secrets", KIT, &[(CALLED, ADD)]),
    // Every write adds its events.
    table("events", "events", &[(CALLED, ADD)]),
    table("audit_logs", KIT, &[(CALLED, ADD)]),
    table("idempotency_receipts", KIT, &[(WRITERS, OWN), (&["operations"], SWEEP)]),
    table(
        "revocations",
        KIT,
        &[
            // The functions that revoke tokens.
            (&["auth", "tenants"], OWN),
            // The tick publishes revocations again.
            (&["operations"], SWEEP),
            // An open stream checks whether its token was revoked, and so does a write that
            // outlasts the token.
            (&["events", "integrations", "webhooks"], READ),
        ],
    ),
    table("limit_overrides", KIT, &[(&["operations"], OWN)]),
    // The clock of the sweeps, which the tick moves, and the watch of the dispatcher.
    table(
        "clocks",
        KIT,
        &[(&["operations", "webhooks"], WRITE), (&["auth", "events", "integrations"], READ)],
    ),
    table("signing_keys", "auth", &[(&["auth"], WRITE)]),
    table("clients", "auth", &[(&["auth"], WRITE)]),
    table("client_secrets", "auth", &[(&["auth"], OWN)]),
    table("refresh_tokens", "auth", &[(&["auth"], OWN)]),
    table("sign_in_networks", "auth", &[(&["auth"], OWN)]),
    table("users", "auth", &[(&["auth"], WRITE)]),
    table(
        "tenants",
        "tenants",
        &[
            // A registration makes the tenant.
            (&["auth"], WRITE),
            (&["tenants"], READ),
            // If the plan of a tenant has a retention of its own, then the sweep notes how far it
            // has deleted the tenant's events.
            (&["events"], "SELECT (id, plan, events_gone_to), UPDATE (events_gone_to)"),
        ],
    ),
    // A registration makes the first member. Projects are shown with their owners and teams.
    table("members", "tenants", &[(&["auth", "tenants"], WRITE), (&["projects"], READ)]),
    table("teams", "tenants", &[(&["tenants"], WRITE), (&["projects"], READ)]),
    table("notices", "tenants", &[(&["tenants"], WRITE)]),
    table("projects", "projects", &[(&["projects"], WRITE)]),
    table("webhook_endpoints", "webhooks", &[(&["webhooks"], WRITE)]),
    table("webhook_secrets", "webhooks", &[(&["webhooks"], OWN)]),
    table(
        "webhook_queues",
        "webhooks",
        &[
            (&["webhooks"], OWN),
            // A function that emits an event marks as due the queues that take it.
            (&["auth", "events", "integrations", "projects", "tenants"], "SELECT, UPDATE (due_at)"),
        ],
    ),
    // The attempts of an event's deliveries.
    table("webhook_deliveries", "webhooks", &[(&["webhooks"], OWN), (&["events"], READ)]),
    table("webhook_attempts", "webhooks", &[(&["webhooks"], OWN), (&["events"], READ)]),
    table("integrations", "integrations", &[(&["integrations"], WRITE)]),
    table("integration_secrets", "integrations", &[(&["integrations"], OWN)]),
    table("integration_health", "integrations", &[(&["integrations"], WRITE)]),
    table("integration_authorizations", "integrations", &[(&["integrations"], OWN)]),
    table("integration_connections", "integrations", &[(&["integrations"], OWN)]),
    table("inbound_events", "integrations", &[(&["integrations"], OWN)]),
    table("inbound_rejections", "integrations", &[(&["integrations"], OWN)]),
];

/// Functions of the database with the rights of the owner of the tables, and the functions of the
/// bundle that call them.
const DATABASE_FUNCTIONS: [(&str, &[&str]); 4] = [
    ("tenantry_add_partitions", &["events", "operations"]),
    ("tenantry_drop_partitions", &["events", "operations"]),
    ("tenantry_delete_events", &["events"]),
    // The runner calls it with the role of `webhooks`.
    ("tenantry_has_seals_of_the_master_key", &["webhooks"]),
];

/// The rights of a function, as pairs of table and SQL privileges.
pub fn of(function: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rights =
        OWNERS.iter().flat_map(|table| table.rights.iter().map(move |right| (table, right)));
    let own = rights.filter(move |(_, (functions, _))| functions.contains(&function));
    own.map(|(table, (_, verbs))| (table.name, *verbs))
}

/// The statements that grant the role of a function its rights and revoke all others. The names of
/// role and schema must be quoted already.
pub fn grants(function: &str, role: &str, schema: &str) -> Vec<String> {
    let mut statements = vec![
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
    ];
    for (table, verbs) in of(function) {
        statements.push(format!("GRANT {verbs} ON {table} TO {role}"));
        if table == "events" {
            statements.push(format!("GRANT USAGE ON SEQUENCE events_seq TO {role}"));
        }
    }
    for (name, callers) in DATABASE_FUNCTIONS {
        statements.push(match callers.contains(&function) {
            true => format!("GRANT EXECUTE ON FUNCTION {name} TO {role}"),
            false => format!("REVOKE ALL ON FUNCTION {name} FROM {role}"),
        });
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_one_owner_and_no_other_function_is_named() {
        let mut named: Vec<_> = OWNERS.iter().map(|table| table.name).collect();
        named.sort_unstable();
        let mut tables = crate::TABLES.to_vec();
        tables.push("schema_migrations");
        tables.sort_unstable();
        assert_eq!(named, tables);
        for Table { name, owner, rights } in OWNERS {
            assert!(*owner == KIT || FUNCTIONS.contains(owner), "{name}: {owner}");
            for (functions, _) in *rights {
                assert!(functions.iter().all(|one| FUNCTIONS.contains(one)), "{name}");
            }
        }
    }

    #[test]
    fn a_function_calls_only_what_it_needs_of_the_database() {
        let of = |function: &str| {
            let grants = grants(function, "r", "s").into_iter();
            grants.filter(|sql| sql.starts_with("GRANT EXECUTE")).count()
        };
        assert_eq!(FUNCTIONS.map(of), [0, 3, 0, 2, 0, 0, 1]);
    }

    #[test]
    fn only_auth_reads_what_people_and_tokens_are_proven_with() {
        for table in ["signing_keys", "clients"] {
            let who: Vec<_> =
                FUNCTIONS.iter().filter(|name| of(name).any(|(known, _)| known == table)).collect();
            assert_eq!(who, [&"auth"], "{table}");
        }
    }
}
