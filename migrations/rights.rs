//! What each function does with each table: on PostgreSQL functions may have roles of their own,
//! which may do that and nothing else (`tenantry migrate --function-roles`). A function that is
//! not named for a table does not see it. Partitions are reached through their table only.

/// The functions that use a database.
pub const FUNCTIONS: [&str; 5] = ["auth", "events", "projects", "tenants", "webhooks"];

/// Whoever changes something and answers retries.
const WRITERS: &[&str] = &["auth", "projects", "tenants", "webhooks"];
/// Each notes that a caller was refused, which is an audit entry with its event.
const ALL: &[&str] = &FUNCTIONS;

const READ: &str = "SELECT";
/// What is only ever added to.
const ADD: &str = "SELECT, INSERT";
const WRITE: &str = "SELECT, INSERT, UPDATE";
const OWN: &str = "SELECT, INSERT, UPDATE, DELETE";

/// Table, functions, what they may do.
type Right = (&'static str, &'static [&'static str], &'static str);

const RIGHTS: &[Right] = &[
    ("schema_migrations", ALL, READ),
    // The key of cursors.
    ("secrets", ALL, ADD),
    ("events", ALL, ADD),
    ("audit_logs", ALL, ADD),
    ("idempotency_receipts", WRITERS, OWN),
    // Whoever emits an event marks the queues that take it.
    ("webhook_queues", &["auth", "events", "projects", "tenants"], "SELECT, UPDATE (due_at)"),
    ("webhook_queues", &["webhooks"], OWN),
    ("signing_keys", &["auth"], WRITE),
    ("clients", &["auth"], WRITE),
    ("client_secrets", &["auth"], OWN),
    ("refresh_tokens", &["auth"], OWN),
    ("sign_in_networks", &["auth"], OWN),
    // Whoever ends a token, and the tick, which publishes them again.
    ("revocations", &["auth", "tenants", "webhooks"], OWN),
    // Whether the token of an open stream was revoked.
    ("revocations", &["events"], READ),
    // The sweep takes away what is too old, and notes it of tenants whose plan has its own age.
    ("refresh_tokens", &["webhooks"], "SELECT (hash, expires_at), DELETE"),
    ("users", &["auth"], WRITE),
    // Whether a member can sign in.
    ("users", &["tenants"], "SELECT (id)"),
    ("tenants", &["auth"], WRITE),
    ("tenants", &["tenants"], READ),
    ("tenants", &["webhooks"], "SELECT, UPDATE (events_gone_to)"),
    ("members", &["auth", "tenants"], WRITE),
    // Owners and teams of projects are shown with them.
    ("members", &["projects"], READ),
    ("teams", &["tenants"], WRITE),
    ("teams", &["projects"], READ),
    ("projects", &["projects"], WRITE),
    ("notices", &["tenants"], WRITE),
    ("limit_overrides", &["tenants"], OWN),
    ("limit_overrides", &["webhooks"], READ),
    ("clocks", &["webhooks"], WRITE),
    ("webhook_deliveries", &["events"], READ),
    // What became of an event.
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

/// The functions of the database that only the sweep and the runner call.
const SWEEP: &str = "tenantry_add_partitions, tenantry_delete_events, tenantry_drop_partitions, \
                     tenantry_has_seals_of_the_master_key";

/// What a function may do, table by table.
pub fn of(function: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let own = RIGHTS.iter().filter(move |(_, functions, _)| functions.contains(&function));
    own.map(|(table, _, verbs)| (*table, *verbs))
}

/// The statements that give the role of a function what it needs and take everything else from
/// it. The role's and the schema's names are quoted already.
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
