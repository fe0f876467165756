//! The rights of each function on each table. On PostgreSQL, functions may have roles of their own,
//! which have these rights and no others (`tenantry migrate --function-roles`). If a table does not
//! name a function, then the function cannot read it. Partitions are reached only through their
//! table.

/// The functions that use a database.
pub const FUNCTIONS: [&str; 5] = ["auth", "events", "projects", "tenants", "webhooks"];

/// The functions that change data and answer retries with idempotency receipts.
const WRITERS: &[&str] = &["auth", "projects", "tenants", "webhooks"];
/// All functions: each may write that a caller was refused, as an audit entry with its event.
const ALL: &[&str] = &FUNCTIONS;

const READ: &str = "SELECT";
/// For tables to which rows are only added.
const ADD: &str = "SELECT, INSERT";
const WRITE: &str = "SELECT, INSERT, UPDATE";
const OWN: &str = "SELECT, INSERT, UPDATE, DELETE";

/// A table, the functions, and their rights on it.
type Right = (&'static str, &'static [&'static str], &'static str);

const RIGHTS: &[Right] = &[
    ("schema_migrations", ALL, READ),
    // Has the key that protects cursors.
    ("secrets", ALL, ADD),
    ("events", ALL, ADD),
    ("audit_logs", ALL, ADD),
    ("idempotency_receipts", WRITERS, OWN),
    // A function that emits an event marks as due the queues that take it.
    ("webhook_queues", &["auth", "events", "projects", "tenants"], "SELECT, UPDATE (due_at)"),
    ("webhook_queues", &["webhooks"], OWN),
    ("signing_keys", &["auth"], WRITE),
    ("clients", &["auth"], WRITE),
    ("client_secrets", &["auth"], OWN),
    ("refresh_tokens", &["auth"], OWN),
    ("sign_in_networks", &["auth"], OWN),
    // The functions that revoke tokens, and the tick, which publishes revocations again.
    ("revocations", &["auth", "tenants", "webhooks"], OWN),
    // An open stream checks whether its token was revoked.
    ("revocations", &["events"], READ),
    // The sweep deletes old rows. If the plan of a tenant has a retention of its own, then it also
    // notes how far it has deleted the tenant's events.
    ("refresh_tokens", &["webhooks"], "SELECT (hash, expires_at), DELETE"),
    ("users", &["auth"], WRITE),
    // Tells whether a member can sign in.
    ("users", &["tenants"], "SELECT (id)"),
    ("tenants", &["auth"], WRITE),
    ("tenants", &["tenants"], READ),
    ("tenants", &["webhooks"], "SELECT, UPDATE (events_gone_to)"),
    ("members", &["auth", "tenants"], WRITE),
    // Projects are shown with their owners and teams.
    ("members", &["projects"], READ),
    ("teams", &["tenants"], WRITE),
    ("teams", &["projects"], READ),
    ("projects", &["projects"], WRITE),
    ("notices", &["tenants"], WRITE),
    ("limit_overrides", &["tenants"], OWN),
    ("limit_overrides", &["webhooks"], READ),
    ("clocks", &["webhooks"], WRITE),
    ("webhook_deliveries", &["events"], READ),
    // The attempts of an event's deliveries.
    ("webhook_attempts", &["events"], READ),
    ("webhook_endpoints", &["webhooks"], WRITE),
    ("webhook_secrets", &["webhooks"], OWN),
    ("webhook_deliveries", &["webhooks"], OWN),
    ("webhook_attempts", &["webhooks"], OWN),
    ("integrations", &["webhooks"], WRITE),
    ("integration_secrets", &["webhooks"], OWN),
    ("integration_health", &["webhooks"], WRITE),
    ("integration_authorizations", &["webhooks"], OWN),
    ("integration_connections", &["webhooks"], OWN),
    ("inbound_events", &["webhooks"], OWN),
    ("inbound_rejections", &["webhooks"], OWN),
];

/// The database functions that only the sweep and the runner call.
const SWEEP: &str = "tenantry_add_partitions, tenantry_delete_events, tenantry_drop_partitions, \
                     tenantry_has_seals_of_the_master_key";

/// The rights of a function, as pairs of table and SQL privileges.
pub fn of(function: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = RIGHTS.iter().filter(move |(_, functions, _)| functions.contains(&function));
    own.map(|(table, _, verbs)| (*table, *verbs))
}

/// The statements that grant the role of a function its rights and revoke all others. The names of
/// role and schema must be quoted already.
pub fn grants(function: &str, role: &str, schema: &str) -> Vec<String> {
    let mut statements = vec![
        format!("REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}"),
        format!("REVOKE ALL ON FUNCTION {SWEEP} FROM {role}"),
        format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
    ];
    for (table, verbs) in of(function) {
        statements.push(format!("GRANT {verbs} ON {table} TO {role}"));
        if table == "events" {
            statements.push(format!("GRANT USAGE ON SEQUENCE events_seq TO {role}"));
        }
    }
    if function == "webhooks" {
        statements.push(format!("GRANT EXECUTE ON FUNCTION {SWEEP} TO {role}"));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_somebody_and_no_other_is_named() {
        let mut named: Vec<_> = RIGHTS.iter().map(|(table, ..)| *table).collect();
        named.sort_unstable();
        named.dedup();
        let mut tables = crate::TABLES.to_vec();
        tables.push("schema_migrations");
        tables.sort_unstable();
        assert_eq!(named, tables);
        for (table, functions, _) in RIGHTS {
            assert!(functions.iter().all(|function| FUNCTIONS.contains(function)), "{table}");
        }
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
