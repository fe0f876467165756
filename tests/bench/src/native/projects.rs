//! Projects: what they look like, and the two operations that read.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use rusqlite::{OptionalExtension as _, Row, params};
use serde::Serialize;

use super::database::Database;
use super::problem::{Problem, internal, problem};
use super::tokens::Caller;
use super::{cursor, rfc3339};

/// Items of a page, unless the client asks for another number.
const DEFAULT_LIMIT: u32 = 50;

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
    pub(super) version: i64,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Project>,
    next_cursor: Option<String>,
}

impl Project {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let name: String = row.get(3)?;
        let time = |column| row.get(column).map(|ms: i64| rfc3339(ms.cast_unsigned()));
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            owner_id: row.get(2)?,
            title: name.clone(),
            name,
            description: row.get(4)?,
            status: row.get(5)?,
            version: row.get(6)?,
            created_at: time(7)?,
            updated_at: time(8)?,
        })
    }
}

/// `GET /projects/{id}`
pub(super) fn get(
    database: &Database,
    caller: &Caller,
    id: &str,
) -> Result<Response<Full<Bytes>>, Problem> {
    let found = database.read(|sqlite| {
        sqlite
            .prepare_cached(
                "SELECT id, tenant_id, owner_id, name, description, status, version, created_at, \
                 updated_at, deleted_at FROM projects WHERE tenant_id = ?1 AND id = ?2",
            )?
            .query_row([&caller.tenant, id], |row| {
                Ok((row.get::<_, Option<i64>>(9)?, Project::of(row)?))
            })
            .optional()
    })?;
    match found {
        None => Err(problem(404, "resource_not_found", format!("There is no project {id}."))),
        Some((Some(_), _)) => Err(problem(410, "resource_gone", "This project was deleted.")),
        Some((None, project)) => {
            let body = serde_json::to_vec(&project).map_err(internal)?;
            let mut response = json(StatusCode::OK, body.into(), "private, max-age=300");
            response.headers_mut().insert(header::ETAG, etag(project.version)?);
            Ok(response)
        }
    }
}

/// `GET /projects`
pub(super) fn list(
    database: &Database,
    caller: &Caller,
    query: Option<&str>,
) -> Result<Response<Full<Bytes>>, Problem> {
    let (mut limit, mut after) = (DEFAULT_LIMIT, String::new());
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match (&*name, value.parse()) {
            ("limit", Ok(number @ 1..=100)) => limit = number,
            ("limit", _) => {
                return Err(problem(422, "validation_failed", "limit: must be 1 to 100."));
            }
            ("cursor", _) => after = cursor::decode(&caller.tenant, &value)?,
            _ => return Err(problem(400, "invalid_parameter", "Unknown query parameter.")),
        }
    }
    let mut items: Vec<Project> = database.read(|sqlite| {
        let mut statement = sqlite.prepare_cached(
            "SELECT id, tenant_id, owner_id, name, description, status, version, created_at, updated_at \
             FROM projects WHERE tenant_id = ?1 AND deleted_at IS NULL AND id > ?2 ORDER BY id LIMIT ?3",
        )?;
        statement.query_map(params![caller.tenant, after, limit + 1], Project::of)?.collect()
    })?;
    let size = limit as usize;
    let more = items.len() > size;
    items.truncate(size);
    let last = items.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor::encode(&caller.tenant, &last.id));
    let body = serde_json::to_vec(&Page { items, next_cursor }).map_err(internal)?;
    Ok(json(StatusCode::OK, body.into(), "no-cache"))
}

/// An answer in JSON.
pub(super) fn json(
    status: StatusCode,
    body: Bytes,
    caching: &'static str,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

/// A strong validator from the version.
pub(super) fn etag(version: i64) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(format!("\"v{version}\"")).map_err(internal)
}
