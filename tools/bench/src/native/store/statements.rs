//! The SQL, which works on both SQLite and PostgreSQL. Parameters are numbered in the order in
//! which they appear.

pub(super) const CURSOR_KEY: &str = "SELECT value FROM secrets WHERE name = 'cursor'";
pub(super) const SIGNING_KEYS: &str =
    "SELECT id, public_jwk FROM signing_keys WHERE retired_at IS NULL";

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, tenant_id, owner_id, name, description, status, labels, tags, version, ",
            "created_at, updated_at, deleted_at FROM projects WHERE tenant_id = $1 AND ",
            $where
        )
    };
}
pub(super) const PROJECT: &str = select!("id = $2");
pub(super) const FORWARDS: &str = select!("deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3");
pub(super) const BACKWARDS: &str =
    select!("deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3");

pub(super) const RECEIPT: &str = "SELECT fingerprint, headers, body FROM idempotency_receipts \
     WHERE tenant_id = $1 AND key = $2 AND expires_at > $3";
pub(super) const OWNER: &str =
    "SELECT 1 FROM members WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
pub(super) const INSERT_PROJECT: &str = "INSERT INTO projects (tenant_id, id, owner_id, name, description, \
     status, labels, tags, version, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)";
pub(super) const INSERT_AUDIT: &str = "INSERT INTO audit_logs \
     (tenant_id, id, actor_id, action_type, resource_id, metadata, trace_id, created_at) \
     VALUES ($1, $2, $3, 'project.created', $4, $5, $6, $7)";
/// Marks the queues of endpoints that take these events as due. Here no endpoint does.
pub(super) const ANNOUNCE: &str = "UPDATE webhook_queues SET due_at = 0 WHERE tenant_id = $1 AND due_at > 0 \
     AND (patterns LIKE '% project.created %' OR patterns LIKE '% project.* %' \
     OR patterns LIKE '% audit.logged %' OR patterns LIKE '% audit.* %' OR patterns LIKE '% * %')";
/// Inserts the event of the write, and that of its audit entry.
pub(super) const INSERT_EVENTS: &str = "INSERT INTO events \
     (tenant_id, id, type, subject, source_agent, data, trace_id, created_at, schema_version) \
     VALUES ($1, $2, 'project.created', $3, 'projects', $4, $5, $6, 1), \
     ($1, $7, 'audit.logged', $8, 'projects', $9, $5, $6, 1)";
/// Stores a receipt, and replaces one that has expired.
pub(super) const KEEP: &str = "INSERT INTO idempotency_receipts \
     (tenant_id, key, fingerprint, status, headers, body, expires_at) \
     VALUES ($1, $2, $3, 201, $4, $5, $6) \
     ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
     headers = excluded.headers, body = excluded.body, expires_at = excluded.expires_at";
