//! Successful answers: the function's headers as clients see them, and its body in the chosen form.

use http::{HeaderName, HeaderValue, StatusCode, header};
use protocol::{Body, Code, Error, Response, Shape};
use serde_json::value::RawValue;

use super::accept::JSON_API;
use super::negotiated::Negotiated;
use super::page::Page;
use super::profile::Profile;
use super::{camel, envelope, errors, json_api, native};
use crate::record::Record;

/// About as many headers as an answer has in the end, so that the map grows once.
const HEADERS: usize = 32;

pub(super) fn render<S>(
    response: Response<S>,
    negotiated: &Negotiated<'_>,
    record: &mut Record,
) -> http::Response<Body<S>> {
    // A standard fixes the form of an answer without a shape, and of an answer that is not plain
    // JSON.
    let profile = match (negotiated.shape(), negotiated.choice.other) {
        (Some(_), None) => negotiated.choice.profile,
        _ => Profile::Native,
    };
    // In the profile `camel`, only the body shows that a job was queued (E-92, K-56).
    let status =
        if (profile, response.status) == (Profile::Camel, 202) { 200 } else { response.status };
    let mut answer = http::Response::new(response.body);
    *answer.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut page = Page::default();
    let headers = answer.headers_mut();
    headers.reserve(HEADERS);
    for (name, value) in response.headers {
        if page.metadata.take(&name, &value) {
            continue;
        }
        let value = match name.as_str() {
            "etag" => negotiated.tag(value),
            // In a redirection, the location is a whole path already.
            "location" if value.starts_with('/') && response.status < 300 => {
                format!("{}{value}", negotiated.prefix)
            }
            _ => value,
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers.entry(header::CACHE_CONTROL).or_insert(negotiated.caching());
    if matches!(answer.body(), Body::Empty) {
        return answer;
    }
    let is_json = match answer.headers().get(header::CONTENT_TYPE) {
        None => true,
        Some(content_type) => {
            let rest = content_type.as_bytes().strip_prefix(b"application/json");
            rest.is_some_and(|rest| matches!(rest.first(), None | Some(b';' | b' ')))
        }
    };
    match (profile, negotiated.shape(), answer.body()) {
        (Profile::Native, _, _) | (_, None, _) => {
            if let Some(link) = native::link(negotiated.path(), &page) {
                answer.headers_mut().insert(header::LINK, link);
            }
        }
        (_, Some(shape), Body::Bytes(bytes)) if is_json && !bytes.is_empty() => {
            let Some(body) = transformed(profile, negotiated, record, shape, bytes, &mut page)
            else {
                let cause = "the function answered with what is not JSON";
                return errors::render(
                    &Error::because(Code::InternalError, cause),
                    negotiated,
                    record,
                );
            };
            *answer.body_mut() = Body::Bytes(body.into_bytes());
            let content_type = match profile {
                Profile::JsonApi => HeaderValue::from_static(JSON_API),
                _ => negotiated.json(),
            };
            answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        _ => {}
    }
    answer.headers_mut().entry(header::CONTENT_TYPE).or_insert_with(|| negotiated.json());
    answer
}

fn transformed(
    profile: Profile,
    negotiated: &Negotiated<'_>,
    record: &Record,
    shape: &Shape,
    native: &[u8],
    page: &mut Page,
) -> Option<String> {
    let native: &RawValue = serde_json::from_slice(native).ok()?;
    Some(match profile {
        Profile::Camel => camel::body(negotiated, record, shape, native, page),
        Profile::JsonApi => json_api::body(negotiated, shape, native, page),
        Profile::Native | Profile::Envelope => envelope::body(negotiated, record, native, page),
    })
}
