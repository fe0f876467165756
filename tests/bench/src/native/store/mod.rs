//! The store of the service: its operations, and the SQL, which works on both SQLite and
//! PostgreSQL. Parameters are numbered in the order in which they appear.

mod postgres;
mod sqlite;

use std::path::Path;

use super::External;
use super::create::Creation;
use super::cursor::Place;
use super::problem::Problem;
use super::receipt::Answer;

const CURSOR_KEY: &str = "SELECT value FROM secrets WHERE name = 'cursor'";
const SIGNING_KEYS: &str = "SELECT id, public_jwk FROM signing_keys WHERE retired_at IS NULL";

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, tenant_id, owner_id, name, description, status, labels, tags, version, ",
            "created_at, updated_at, deleted_at FROM projects WHERE tenant_id = $1 AND ",
            $where
        )
    };
}
const PROJECT: &str = select!("id = $2");
const FORWARDS: &str = select!("deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3");
const BACKWARDS: &str = select!("deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3");

const RECEIPT: &str = "SELECT fingerprint, headers, body FROM idempotency_receipts \
     WHERE tenant_id = $1 AND key = $2 AND expires_at > $3";
const OWNER: &str = "SELECT 1 FROM members WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL";
const INSERT_PROJECT: &str = "INSERT INTO projects (tenant_id, id, owner_id, name, description, \
     status, labels, tags, version, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $9)";
const INSERT_AUDIT: &str = "INSERT INTO audit_logs \
     (tenant_id, id, actor_id, action_type, resource_id, metadata, trace_id, created_at) \
     VALUES ($1, $2, $3, 'project.created', $4, $5, $6, $7)";
/// Marks the queues of endpoints that take these events as due. Here no endpoint does.
const ANNOUNCE: &str = "UPDATE webhook_queues SET due_at = 0 WHERE tenant_id = $1 AND due_at > 0 \
     AND (patterns LIKE '% project.created %' OR patterns LIKE '% project.* %' \
     OR patterns LIKE '% audit.logged %' OR patterns LIKE '% audit.* %' OR patterns LIKE '% * %')";
/// Inserts the event of the write, and that of its audit entry.
const INSERT_EVENTS: &str = "INSERT INTO events \
     (tenant_id, id, type, subject, source_agent, data, trace_id, created_at, schema_version) \
     VALUES ($1, $2, 'project.created', $3, 'projects', $4, $5, $6, 1), \
     ($1, $7, 'audit.logged', $8, 'projects', $9, $5, $6, 1)";
/// Stores a receipt, and replaces one that has expired.
const KEEP: &str = "INSERT INTO idempotency_receipts \
     (tenant_id, key, fingerprint, status, headers, body, expires_at) \
     VALUES ($1, $2, $3, 201, $4, $5, $6) \
     ON CONFLICT (tenant_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, \
     headers = excluded.headers, body = excluded.body, expires_at = excluded.expires_at";

/// The database.
pub(super) enum Store {
    /// A file.
    Sqlite(sqlite::Database),
    /// PostgreSQL.
    Postgres(postgres::Database),
}

/// A row of projects.
pub(super) struct Columns {
    pub(super) id: String,
    pub(super) tenant_id: String,
    pub(super) owner_id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) status: String,
    /// JSON.
    pub(super) labels: String,
    pub(super) tags: String,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) deleted_at: Option<i64>,
}

/// The stored answer to an idempotency key.
pub(super) struct Receipt {
    pub(super) fingerprint: String,
    /// JSON.
    pub(super) headers: String,
    pub(super) body: String,
}

impl Store {
    /// Opens the file in `data`, or the external store if one is given.
    pub(super) fn open(data: &Path, external: Option<&External>) -> anyhow::Result<Self> {
        Ok(match external {
            None => Self::Sqlite(sqlite::Database::open(&crate::data::sqlite::file(data))?),
            Some(external) => Self::Postgres(postgres::Database::open(external)?),
        })
    }

    /// The key that signs cursors.
    pub(super) async fn cursor_key(&self) -> Result<String, Problem> {
        match self {
            Self::Sqlite(database) => database.cursor_key(),
            Self::Postgres(database) => database.cursor_key().await,
        }
    }

    /// The keys that verify tokens: the id of each and the key itself, as JSON.
    pub(super) async fn signing_keys(&self) -> Result<Vec<(String, String)>, Problem> {
        match self {
            Self::Sqlite(database) => database.signing_keys(),
            Self::Postgres(database) => database.signing_keys().await,
        }
    }

    /// A project, deleted or not.
    pub(super) async fn project(&self, tenant: &str, id: &str) -> Result<Option<Columns>, Problem> {
        match self {
            Self::Sqlite(database) => database.project(tenant, id),
            Self::Postgres(database) => database.project(tenant, id).await,
        }
    }

    /// The projects after a place, in reverse order if it leads backwards.
    pub(super) async fn page(
        &self,
        tenant: &str,
        place: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Columns>, Problem> {
        let sql = match place {
            Some(Place { backwards: true, .. }) => BACKWARDS,
            _ => FORWARDS,
        };
        let id = place.map_or("", |place| &place.id);
        match self {
            Self::Sqlite(database) => database.page(sql, tenant, id, limit.into()),
            Self::Postgres(database) => database.page(sql, tenant, id, limit.into()).await,
        }
    }

    /// Creates a project in one durable transaction: the row, its audit entry, the events of both,
    /// and the receipt of its key. If the key was answered before, it returns that answer.
    pub(super) async fn create(&self, new: Creation) -> Result<Answer, Problem> {
        match self {
            Self::Sqlite(database) => database.create(new).await,
            Self::Postgres(database) => database.create(new).await,
        }
    }
}
