//! Projects: what they look like, and the two operations that read.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use rusqlite::{OptionalExtension as _, Row, named_params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::cursor::{Place, Signer};
use super::database::Database;
use super::problem::{Problem, internal, problem};
use super::tokens::Caller;
use super::{http_date, rfc3339};

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
    /// The column holds JSON.
    pub(super) labels: Box<RawValue>,
    pub(super) tags: Box<RawValue>,
    pub(super) version: i64,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    #[serde(skip)]
    pub(super) updated_ms: u64,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Project>,
    next_cursor: Option<String>,
}

impl Project {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let name: String = row.get(3)?;
        let json = |column| {
            let json = RawValue::from_string(row.get(column)?);
            json.map_err(|error| {
                let kind = rusqlite::types::Type::Text;
                rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
            })
        };
        let (created, updated) = (row.get::<_, i64>(9)?, row.get::<_, i64>(10)?);
        Ok(Self {
            id: row.get(0)?,
            tenant_id: row.get(1)?,
            owner_id: row.get(2)?,
            title: name.clone(),
            name,
            description: row.get(4)?,
            status: row.get(5)?,
            labels: json(6)?,
            tags: json(7)?,
            version: row.get(8)?,
            created_at: rfc3339(created.cast_unsigned()),
            updated_at: rfc3339(updated.cast_unsigned()),
            updated_ms: updated.cast_unsigned(),
        })
    }

    /// Its validators: a strong one from the version, and the time.
    pub(super) fn validators(&self) -> [(HeaderName, String); 2] {
        [
            (header::ETAG, format!("\"v{}\"", self.version)),
            (header::LAST_MODIFIED, http_date(self.updated_ms)),
        ]
    }
}

/// `GET /projects/{id}`
pub(super) fn get(
    database: &Database,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response<Full<Bytes>>, Problem> {
    let found = database.read(|sqlite| {
        sqlite
            .prepare_cached(
                "SELECT id, tenant_id, owner_id, name, description, status, labels, tags, \
                 version, created_at, updated_at, deleted_at \
                 FROM projects WHERE tenant_id = ?1 AND id = ?2",
            )?
            .query_row([&caller.tenant, id], |row| {
                Ok((row.get::<_, Option<i64>>(11)?, Project::of(row)?))
            })
            .optional()
    })?;
    let project = match found {
        None => {
            return Err(problem(404, "resource_not_found", format!("There is no project {id}.")));
        }
        Some((Some(_), _)) => return Err(problem(410, "resource_gone", "This was deleted.")),
        Some((None, project)) => project,
    };
    let validators = project.validators();
    let caching = HeaderValue::from_static("private, max-age=300");
    let mut response = if is_known(headers, &validators[0].1) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
        response
    } else {
        json(StatusCode::OK, serde_json::to_vec(&project).map_err(internal)?.into(), caching)
    };
    for (name, value) in validators {
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(internal)?);
    }
    Ok(response)
}

/// Whether the client has this version.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.into_iter().flat_map(|tags| tags.split(','));
    known.map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// `GET /projects`
pub(super) fn list(
    database: &Database,
    signer: &Signer,
    caller: &Caller,
    parts: &Parts,
) -> Result<Response<Full<Bytes>>, Problem> {
    let (mut limit, mut place) = (DEFAULT_LIMIT, None);
    let query = parts.uri.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (&*name, value.parse()) {
            ("limit", Ok(number @ 1..=100)) => limit = number,
            ("limit", _) => {
                return Err(problem(422, "validation_failed", "limit: must be 1 to 100."));
            }
            ("cursor", _) => place = Some(signer.read(&caller.tenant, &value)?),
            _ => return Err(problem(400, "invalid_parameter", "Unknown query parameter.")),
        }
    }
    let backwards = place.as_ref().is_some_and(|place| place.backwards);
    let mut items = page(database, &caller.tenant, place.as_ref(), limit + 1)?;
    let size = limit as usize;
    let more = items.len() > size;
    items.truncate(size);
    if backwards {
        items.reverse();
    }
    let cursor = |item: Option<&Project>, backwards| {
        let place = item.map(|item| Place { id: item.id.clone(), backwards });
        place.map(|place| signer.sign(&caller.tenant, place)).transpose()
    };
    let next_cursor = cursor(items.last().filter(|_| more || backwards), false)?;
    let first = items.first().filter(|_| place.is_some() && (more || !backwards));
    let prev_cursor = cursor(first, true)?;
    let path = parts.uri.path();
    let mut link = format!("<{path}?limit={limit}>; rel=\"first\"");
    for (name, cursor) in [("prev", &prev_cursor), ("next", &next_cursor)] {
        if let Some(cursor) = cursor {
            link += &format!(", <{path}?limit={limit}&cursor={cursor}>; rel=\"{name}\"");
        }
    }
    let body = serde_json::to_vec(&Page { items, next_cursor }).map_err(internal)?;
    let caching = HeaderValue::from_static("no-cache");
    let mut response = json(StatusCode::OK, body.into(), caching);
    let link = HeaderValue::try_from(link).map_err(internal)?;
    response.headers_mut().insert(header::LINK, link);
    Ok(response)
}

/// The rows behind a place, in reverse when it leads backwards.
fn page(
    database: &Database,
    tenant: &str,
    place: Option<&Place>,
    limit: u32,
) -> Result<Vec<Project>, Problem> {
    macro_rules! select {
        ($behind:literal, $order:literal) => {
            concat!(
                "SELECT id, tenant_id, owner_id, name, description, status, labels, tags, ",
                "version, created_at, updated_at FROM projects ",
                "WHERE tenant_id = :tenant AND deleted_at IS NULL AND id ",
                $behind,
                " :id ORDER BY id ",
                $order,
                " LIMIT :limit"
            )
        };
    }
    let sql = match place {
        Some(Place { backwards: true, .. }) => select!("<", "DESC"),
        _ => select!(">", "ASC"),
    };
    let id = place.map_or("", |place| &place.id);
    database.read(|sqlite| {
        let parameters = named_params! { ":tenant": tenant, ":id": id, ":limit": limit };
        sqlite.prepare_cached(sql)?.query_map(parameters, Project::of)?.collect()
    })
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: Bytes, caching: HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, caching);
    response
}
