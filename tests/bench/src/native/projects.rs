//! Projects: the three operations that are measured.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use super::database::Database;
use super::problem::{Problem, internal, problem};
use super::receipt::Key;
use super::tokens::Caller;
use super::trace::Trace;
use super::{cursor, id, now, rfc3339};

const BODY: usize = 1 << 20;
const BODY_TIME: Duration = Duration::from_secs(30);
const DEFAULT_LIMIT: u32 = 50;

#[derive(Serialize)]
struct Project {
    id: String,
    tenant_id: String,
    owner_id: String,
    name: String,
    title: String,
    description: Option<String>,
    status: String,
    version: i64,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Project>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    name: Option<String>,
    title: Option<String>,
    tenant_id: Option<String>,
    description: Option<String>,
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

/// `POST /projects`
pub(super) async fn create(
    database: &Database,
    caller: Arc<Caller>,
    headers: &HeaderMap,
    body: Incoming,
    trace: &Trace,
) -> Result<Response<Full<Bytes>>, Problem> {
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
        return Err(problem(415, "unsupported_media_type", "Send the body as application/json."));
    }
    let body = tokio::time::timeout(BODY_TIME, Limited::new(body, BODY).collect()).await;
    let body = body.map_err(|_| problem(400, "malformed_request", "The body broke off."))?;
    let body =
        body.map_err(|_| problem(413, "payload_too_large", "The body is too large."))?.to_bytes();
    let key = Key::of(headers, &caller, &body);
    let project = draft(&body, &caller)?;
    let trace_id = trace.trace_id.clone();
    let (body, id) = database
        .write(move |transaction| {
            let tenant = &caller.tenant;
            if let Some(body) =
                key.as_ref().map(|key| key.answered(transaction, tenant)).transpose()?.flatten()
            {
                let made: serde_json::Value = serde_json::from_str(&body).map_err(internal)?;
                return Ok((body, made["id"].as_str().unwrap_or_default().to_owned()));
            }
            let body = serde_json::to_string(&project).map_err(internal)?;
            insert(transaction, &project, &body, &trace_id)?;
            if let Some(key) = &key {
                key.keep(transaction, tenant, &body)?;
            }
            Ok((body, project.id))
        })
        .await?;
    let mut response = json(StatusCode::CREATED, body.into(), "no-cache");
    let location = HeaderValue::try_from(format!("/api/v1/projects/{id}")).map_err(internal)?;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::ETAG, etag(1)?);
    Ok(response)
}

fn draft(body: &[u8], caller: &Caller) -> Result<Project, Problem> {
    let draft: Draft = serde_json::from_slice(body).map_err(|error| {
        let data = error.is_data();
        let (status, code) =
            if data { (422, "validation_failed") } else { (400, "malformed_request") };
        problem(status, code, error.to_string())
    })?;
    if draft.tenant_id.is_some_and(|named| named != caller.tenant) {
        return Err(problem(
            403,
            "tenant_mismatch",
            "tenant_id names another tenant than the credential.",
        ));
    }
    let invalid = |message: &str| problem(422, "validation_failed", message);
    let name = match (draft.name, draft.title) {
        (Some(name), Some(title)) if name != title => {
            return Err(invalid("name and title differ."));
        }
        (name, title) => name.or(title).ok_or_else(|| invalid("A project needs a name."))?,
    };
    if !(1..=200).contains(&name.chars().count()) {
        return Err(invalid("name: must have 1 to 200 characters."));
    }
    if draft.description.as_ref().is_some_and(|text| text.chars().count() > 2000) {
        return Err(invalid("description: must have at most 2000 characters."));
    }
    let created_at = rfc3339(now());
    Ok(Project {
        id: id("prj")?,
        tenant_id: caller.tenant.clone(),
        owner_id: caller.id.clone(),
        title: name.clone(),
        name,
        description: draft.description,
        status: "ACTIVE".to_owned(),
        version: 1,
        updated_at: created_at.clone(),
        created_at,
    })
}

fn insert(
    transaction: &Transaction<'_>,
    project: &Project,
    json: &str,
    trace_id: &str,
) -> Result<(), Problem> {
    let now = now().cast_signed();
    let Project { id, tenant_id, owner_id, name, description, status, .. } = project;
    transaction
        .prepare_cached(
            "INSERT INTO projects \
             (tenant_id, id, owner_id, name, description, status, version, created_at, updated_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7)",
        )?
        .execute(params![tenant_id, id, owner_id, name, description, status, now])?;
    transaction
        .prepare_cached(
            "INSERT INTO events \
             (tenant_id, id, type, subject, source_agent, data, trace_id, created_at) \
             VALUES (?1, ?2, 'project.created', ?3, 'projects', ?4, ?5, ?6)",
        )?
        .execute(params![tenant_id, self::id("evt")?, id, json, trace_id, now])?;
    Ok(())
}

fn json(status: StatusCode, body: Bytes, caching: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn etag(version: i64) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(format!("\"v{version}\"")).map_err(internal)
}
