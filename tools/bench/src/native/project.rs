//! A project: its row, and its representation.

use http::{HeaderName, header};
use serde::Serialize;
use serde_json::value::RawValue;

use super::moment::{http_date, rfc3339};
use super::problem::{Problem, internal};

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

/// A project as clients see it.
#[derive(Serialize)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) tenant_id: String,
    pub(super) owner_id: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: Option<String>,
    pub(super) status: String,
    /// The column as it is, because it contains JSON.
    pub(super) labels: Box<RawValue>,
    pub(super) tags: Box<RawValue>,
    pub(super) version: i64,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    #[serde(skip)]
    pub(super) updated_ms: u64,
}

impl Columns {
    /// The validators of the row: a strong tag from the version, and the time. A client that has
    /// this version needs no representation.
    pub(super) fn validators(&self) -> [(HeaderName, String); 2] {
        validators(self.version, self.updated_at.cast_unsigned())
    }
}

impl Project {
    /// The representation of a row.
    pub(super) fn of(columns: Columns) -> Result<Self, Problem> {
        let json = |text| RawValue::from_string(text).map_err(internal);
        let updated_ms = columns.updated_at.cast_unsigned();
        Ok(Self {
            id: columns.id,
            tenant_id: columns.tenant_id,
            owner_id: columns.owner_id,
            title: columns.name.clone(),
            name: columns.name,
            description: columns.description,
            status: columns.status,
            labels: json(columns.labels)?,
            tags: json(columns.tags)?,
            version: columns.version,
            created_at: rfc3339(columns.created_at.cast_unsigned()),
            updated_at: rfc3339(updated_ms),
            updated_ms,
        })
    }

    /// The validators of the row.
    pub(super) fn validators(&self) -> [(HeaderName, String); 2] {
        validators(self.version, self.updated_ms)
    }
}

fn validators(version: i64, updated_ms: u64) -> [(HeaderName, String); 2] {
    [
        (header::ETAG, format!("\"v{version}-native\"")),
        (header::LAST_MODIFIED, http_date(updated_ms)),
    ]
}
