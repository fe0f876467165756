//! The store of the service, and its operations.

mod postgres;
mod sqlite;
mod statements;

use std::path::Path;

use super::creation::Creation;
use super::cursor::Place;
use super::external::External;
use super::problem::Problem;
use super::project::Columns;
use super::receipt::Answer;
use statements::{BACKWARDS, FORWARDS};

/// The database.
pub(super) enum Store {
    /// A file.
    Sqlite(sqlite::Database),
    /// PostgreSQL.
    Postgres(postgres::Database),
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
