//! How results and errors become HTTP, and how requests are read. One native result has four forms
//! (K-1, K-2), and `Accept` chooses one of them.
//!
//! | form | asked for by | module |
//! |---|---|---|
//! | native | `application/json` below `/api/v{N}` | [`native`] |
//! | native | `application/vnd.tenantry.v{N}+json` | [`native`] |
//! | envelope | `application/json;profile="envelope"` | [`envelope`] |
//! | camel | `application/json;profile="camel"`; `application/json` below `/v{N}` | [`camel`] |
//! | JSON:API | `application/vnd.api+json`, or by sending a JSON:API document | [`json_api`] |
//!
//! Functions read and write the native form only. The shape of an operation (`wit/route.wit`) has
//! the facts that the gateway needs to write the other forms. An operation without a shape has a
//! form that a standard fixes, and no profile changes it.
//!
//! Native answers are the hot path. Their bodies are passed on unchanged, and common values of
//! `Accept` are recognised without being parsed.

mod accept;
mod camel;
mod conditional;
mod document;
mod envelope;
mod errors;
mod etag;
mod json;
mod json_api;
mod native;
mod page;
mod pointer;
mod query;
mod request;
mod rewrite;
mod success;
#[cfg(test)]
mod tests;

pub(crate) use request::{Body, media_type};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::value::RawValue;

use self::accept::{Choice, Offer};
use self::page::{Items, Page};
use crate::config::Config;
use crate::head::linked;
use crate::trace::Seen;
use crate::{Code, Error, Operation, Response, Shape, access_log, limits};

// These are constants, so that no name is parsed while a request is served.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
const B3_TRACEID: HeaderName = HeaderName::from_static("x-b3-traceid");
const B3_SPANID: HeaderName = HeaderName::from_static("x-b3-spanid");
const B3_SAMPLED: HeaderName = HeaderName::from_static("x-b3-sampled");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// One of the four forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Profile {
    #[default]
    Native,
    Envelope,
    Camel,
    JsonApi,
}

impl Profile {
    /// The profiles of `application/json`.
    const OF_JSON: [Self; 3] = [Self::Native, Self::Envelope, Self::Camel];

    fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Envelope => "envelope",
            Self::Camel => "camel",
            Self::JsonApi => "json-api",
        }
    }

    /// The profile of `application/json` with this name.
    fn of_json(name: &str) -> Option<Self> {
        Self::OF_JSON.into_iter().find(|profile| profile.name() == name)
    }
}

/// The form of one request and its answer, as far as it is known.
pub(crate) struct Form<'a> {
    pub(crate) parts: &'a Parts,
    config: &'a Config,
    /// When the request arrived, in milliseconds since the epoch.
    now: u64,
    /// The prefix `/api/v1` or its alias `/v1`; empty for a path without a version.
    prefix: &'a str,
    operation: Option<&'a Operation>,
    /// The form of the answer.
    choice: Choice<'a>,
    /// The form of the request's body, once it was read.
    sent: Profile,
    /// The body, if errors are in JSON:API. Their pointers must lead to existing members.
    document: Option<Vec<u8>>,
}

impl<'a> Form<'a> {
    pub(crate) fn new(config: &'a Config, parts: &'a Parts, now: u64) -> Self {
        let prefix = prefix(parts.uri.path());
        let mut form = Self {
            parts,
            config,
            now,
            prefix,
            operation: None,
            choice: Choice::default(),
            sent: Profile::Native,
            document: None,
        };
        form.choice.profile = form.offer().default;
        form
    }

    /// Chooses the form of the answer, for an operation that matched.
    ///
    /// # Errors
    /// 406 if the client accepts none of the forms.
    pub(crate) fn matched(&mut self, operation: &'a Operation) -> Result<(), Error> {
        self.operation = Some(operation);
        let offer = self.offer();
        let Some(choice) = accept::choose(&self.parts.headers, &offer) else {
            let message =
                "Nothing that Accept allows can be had; details.available lists what can.";
            return Err(
                Error::new(Code::NotAcceptable, message).with("available", offer.available())
            );
        };
        self.choice = choice;
        // A JSON:API document is answered by one (K-11), even if it is refused unread.
        let content_type = crate::trace::header(&self.parts.headers, "content-type");
        if !choice.named
            && operation.shape.is_some()
            && !operation.consumes.is_empty()
            && content_type.is_some_and(request::is_json_api)
        {
            self.choice.profile = Profile::JsonApi;
        }
        Ok(())
    }

    fn offer(&self) -> Offer<'a> {
        let is_alias = self.prefix.starts_with("/v");
        let is_fixed = self.operation.is_some_and(|operation| operation.shape.is_none());
        let default = if is_alias && !is_fixed { Profile::Camel } else { Profile::Native };
        Offer { default, operation: self.operation }
    }

    fn shape(&self) -> Option<&'a Shape> {
        self.operation?.shape.as_ref()
    }

    /// The media type that the function is to write, of those that its operation produces. The
    /// gateway makes every JSON form from the native one.
    fn written(&self) -> Option<&'a str> {
        let produced = &self.operation?.produces;
        let json = produced.iter().find(|it| *it == accept::JSON);
        self.choice.other.or(json.or(produced.first()).map(String::as_str))
    }

    fn path(&self) -> &'a str {
        self.parts.uri.path()
    }

    fn query(&self) -> &'a str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// Path and query, in the form that a link must have.
    fn target(&self) -> String {
        linked(self.parts.uri.path_and_query().map_or("/", |target| target.as_str()))
    }

    fn timestamp(&self) -> String {
        access_log::timestamp(self.now)
    }

    /// The Content-Type of a JSON profile. It names the profile if the client named it.
    fn json(&self) -> HeaderValue {
        match (self.choice.by_parameter, self.choice.profile) {
            (true, Profile::Native) => {
                HeaderValue::from_static("application/json; charset=utf-8; profile=\"native\"")
            }
            (true, Profile::Envelope) => {
                HeaderValue::from_static("application/json; charset=utf-8; profile=\"envelope\"")
            }
            (true, Profile::Camel) => {
                HeaderValue::from_static("application/json; charset=utf-8; profile=\"camel\"")
            }
            _ => JSON,
        }
    }

    /// `Cache-Control` of an answer that does not set it itself. A client never shows a state from
    /// before its own write (K-13). The contract declares the answers that may be kept for a time.
    fn caching(&self) -> HeaderValue {
        let reads = matches!(self.parts.method, Method::GET | Method::HEAD);
        match self.operation.is_some_and(|operation| reads && !operation.public) {
            true => HeaderValue::from_static("private, no-cache"),
            false => HeaderValue::from_static("no-cache"),
        }
    }

    /// Whether the error says that no object is related to an object. JSON:API answers this with
    /// null (1.1, "Fetching Resources"). In the native form it is a 404.
    fn is_empty_relation(&self, error: &Error) -> bool {
        self.choice.profile == Profile::JsonApi
            && self.shape().is_some()
            && error.code == Code::ResourceNotFound
            && error.context.iter().any(|(name, _)| name == "empty_relation")
    }

    /// Whether the error says that a document relates to an object that does not exist. JSON:API
    /// answers this with 404 (1.1, "Creating Resources"). In the native form, the value of a field
    /// is wrong.
    fn is_missing_relation(&self, error: &Error) -> bool {
        self.sent == Profile::JsonApi
            && error.code == Code::ValidationFailed
            && !error.violations.is_empty()
            && error.violations.iter().all(|violation| violation.code == "NOT_FOUND")
    }

    /// The items, if the answer is a page.
    fn items<'r>(&self, native: &'r RawValue, page: &mut Page) -> Option<&'r RawValue> {
        self.shape().filter(|shape| shape.is_page)?;
        let Items { items, next_cursor } = serde_json::from_str(native.get()).ok()?;
        page.next_cursor = next_cursor;
        Some(items)
    }

    /// A parameter that the function named, in the client's spelling.
    fn parameter_name(&self, native: &str) -> String {
        let camel = protocol::case::camel(native);
        let is_sent = |name: &str| query::value(self.query(), &[name]).is_some();
        let spelled = if is_sent(&camel) { &*camel } else { native };
        spelled.to_owned()
    }
}

pub(crate) fn render<S>(
    outcome: Result<Response<S>, Error>,
    mut form: Form<'_>,
    seen: &mut Seen,
) -> http::Response<crate::Body<S>> {
    if form.operation.is_none()
        && let Some(choice) = accept::choose(&form.parts.headers, &form.offer())
    {
        form.choice = choice;
    }
    let mut answer = match outcome {
        Ok(response) => {
            let answer = success::render(response, &form, seen);
            conditional::apply(answer, &form, seen)
        }
        Err(error) if form.is_empty_relation(&error) => {
            let body = crate::Body::Bytes(b"null".to_vec());
            success::render(Response { status: 200, headers: Vec::new(), body }, &form, seen)
        }
        Err(mut error) => {
            if form.is_missing_relation(&error) {
                error.code = Code::ResourceNotFound;
            }
            if error.code == Code::ServiceUnavailable {
                // A retry at once would make it worse.
                error.retry_after.get_or_insert(1);
            }
            errors::render(&error, &form, seen)
        }
    };
    common(answer.headers_mut(), seen);
    if form.parts.method == Method::HEAD {
        // The length is that of the answer to GET (RFC 9110 section 9.3.2).
        if let crate::Body::Bytes(bytes) = answer.body() {
            let length = HeaderValue::from(bytes.len());
            answer.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        *answer.body_mut() = crate::Body::Empty;
    }
    answer
}

/// The version prefix: `/api/v1` for `/api/v1/projects`, `/v1` for `/v1/projects`.
fn prefix(path: &str) -> &str {
    let below = path.strip_prefix("/api").unwrap_or(path);
    let Some(version) = below.strip_prefix("/v") else { return "" };
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || !matches!(version.as_bytes().get(digits), None | Some(b'/')) {
        return "";
    }
    &path[..path.len() - version.len() + digits]
}

fn common(headers: &mut HeaderMap, seen: &Seen) {
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, &seen.request_id);
    set(CORRELATION_ID, &seen.correlation_id);
    set(B3_TRACEID, &seen.trace_id);
    set(B3_SPANID, &seen.span_id);
    set(B3_SAMPLED, if seen.sampled { "1" } else { "0" });
    set(header::VARY, "Authorization, X-Tenant-Id, Accept, Origin");
    if seen.replayed {
        set(IDEMPOTENT_REPLAYED, "true");
    }
    limits::headers(&seen.quotas, headers);
}
