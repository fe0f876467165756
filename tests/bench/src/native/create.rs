//! Creating a project: the operation that writes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use rusqlite::{Transaction, params};
use serde::Deserialize;

use super::database::Database;
use super::problem::{Problem, internal, problem};
use super::projects::{Project, etag, json};
use super::receipt::Key;
use super::tokens::Caller;
use super::trace::Trace;
use super::{id, now, rfc3339};

/// The largest body, in bytes.
const BODY: usize = 1 << 20;
/// The time in which all of it must have come.
const BODY_TIME: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    name: Option<String>,
    title: Option<String>,
    tenant_id: Option<String>,
    description: Option<String>,
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
