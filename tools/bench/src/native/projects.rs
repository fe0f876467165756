//! The two operations that read projects.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

use super::caller::Caller;
use super::cursor::{Place, Sealer};
use super::problem::{Problem, internal, problem};
use super::project::{Columns, Project};
use super::store::Store;

/// Items of a page, unless the client asks for another number.
const DEFAULT_LIMIT: u32 = 50;

#[derive(Serialize)]
struct Page {
    items: Vec<Project>,
    next_cursor: Option<String>,
}

/// `GET /projects/{id}`
pub(super) async fn get(
    store: &Store,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
) -> Result<Response<Full<Bytes>>, Problem> {
    let columns = match store.project(&caller.tenant, id).await? {
        None => {
            return Err(problem(404, "resource_not_found", format!("There is no project {id}.")));
        }
        Some(Columns { deleted_at: Some(_), .. }) => {
            return Err(problem(410, "resource_gone", "This was deleted."));
        }
        Some(columns) => columns,
    };
    let validators = columns.validators();
    let caching = HeaderValue::from_static("private, no-cache");
    let mut response = if is_known(headers, &validators[0].1) {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
        response
    } else {
        let project = Project::of(columns)?;
        json(StatusCode::OK, serde_json::to_vec(&project).map_err(internal)?.into(), caching)
    };
    for (name, value) in validators {
        response.headers_mut().insert(name, HeaderValue::try_from(value).map_err(internal)?);
    }
    Ok(response)
}

/// Whether the client already has this version.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.into_iter().flat_map(|tags| tags.split(','));
    known.map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// `GET /projects`
pub(super) async fn list(
    store: &Store,
    sealer: &Sealer,
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
            ("cursor", _) => place = Some(sealer.read(&caller.tenant, &value)?),
            _ => return Err(problem(400, "invalid_parameter", "Unknown query parameter.")),
        }
    }
    let backwards = place.as_ref().is_some_and(|place| place.backwards);
    let mut rows = store.page(&caller.tenant, place.as_ref(), limit + 1).await?;
    let size = limit as usize;
    let more = rows.len() > size;
    rows.truncate(size);
    let mut items = rows.into_iter().map(Project::of).collect::<Result<Vec<_>, _>>()?;
    if backwards {
        items.reverse();
    }
    let cursor = |item: Option<&Project>, backwards| {
        let place = item.map(|item| Place { id: item.id.clone(), backwards });
        place.map(|place| sealer.seal(&caller.tenant, place)).transpose()
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
    let caching = HeaderValue::from_static("private, no-cache");
    let mut response = json(StatusCode::OK, body.into(), caching);
    let link = HeaderValue::try_from(link).map_err(internal)?;
    response.headers_mut().insert(header::LINK, link);
    Ok(response)
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
