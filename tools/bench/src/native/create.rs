//! Creating a project: the operation that writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::caller::Caller;
use super::creation::{Creation, id};
use super::moment::{now, rfc3339};
use super::problem::{Problem, internal, problem};
use super::project::Project;
use super::projects::json;
use super::receipt::Key;
use super::store::Store;
use super::trace::Trace;

/// The largest body, in bytes.
const BODY: usize = 1 << 20;
/// The longest time until the whole body has come.
const BODY_TIME: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    owner_id: Option<String>,
    labels: Option<BTreeMap<String, Option<String>>>,
    tags: Option<Vec<String>>,
    tenant_id: Option<String>,
    version: Option<i64>,
}

/// `POST /projects`
pub(super) async fn create(
    store: &Store,
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
    let body = body.map_err(|_| {
        problem(400, "malformed_request", "The body ended too early; send all of it.")
    })?;
    let body =
        body.map_err(|_| problem(413, "payload_too_large", "The body is too large."))?.to_bytes();
    let key = Key::of(headers, &caller, &body);
    let project = draft(&body, &caller)?;
    let new = Creation::new(caller, project, key, trace)?;
    let answer = store.create(new).await?;
    let caching = HeaderValue::from_static("no-cache");
    let mut response = json(StatusCode::CREATED, answer.body.into(), caching);
    let headers = response.headers_mut();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(internal)?;
        headers.insert(name, HeaderValue::try_from(value).map_err(internal)?);
    }
    if answer.replayed {
        headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
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
    if draft.version.is_some_and(|version| version < 1) {
        return Err(invalid("version: must be at least 1."));
    }
    let now = now();
    let created_at = rfc3339(now);
    Ok(Project {
        id: id("prj")?,
        tenant_id: caller.tenant.clone(),
        owner_id: draft.owner_id.unwrap_or_else(|| caller.id.clone()),
        title: name.clone(),
        name,
        description: draft.description,
        status: "ACTIVE".to_owned(),
        labels: labels(draft.labels.unwrap_or_default())?,
        tags: tags(&draft.tags.unwrap_or_default())?,
        version: 1,
        updated_at: created_at.clone(),
        created_at,
        updated_ms: now,
    })
}

fn labels(mut labels: BTreeMap<String, Option<String>>) -> Result<Box<RawValue>, Problem> {
    labels.retain(|_, value| value.is_some());
    if labels.values().flatten().any(|value| value.chars().count() > 200) {
        let message = "labels: a value must have at most 200 characters.";
        return Err(problem(422, "validation_failed", message));
    }
    to_raw_value(&labels).map_err(internal)
}

fn tags(tags: &[String]) -> Result<Box<RawValue>, Problem> {
    let unique: BTreeSet<_> = tags.iter().collect();
    let fit = tags.iter().all(|tag| (1..=50).contains(&tag.chars().count()));
    if unique.len() < tags.len() || tags.len() > 20 || !fit {
        let message = "tags: must be at most 20 different texts of 1 to 50 characters.";
        return Err(problem(422, "validation_failed", message));
    }
    to_raw_value(tags).map_err(internal)
}
