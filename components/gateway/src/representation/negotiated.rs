//! What is negotiated for one request: the forms of its body and of its answer, as they get known.

use http::request::Parts;
use http::{HeaderValue, Method};
use protocol::{Code, Error, Operation, Shape};
use serde_json::value::RawValue;

use super::accept::{self, Choice, Offer};
use super::media::is_json_api;
use super::page::{Items, Page};
use super::profile::Profile;
use super::query;
use crate::calendar::timestamp;
use crate::head::linked;
use crate::text::header;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// What is negotiated for one request and its answer, as far as it is known.
pub(crate) struct Negotiated<'a> {
    pub(crate) parts: &'a Parts,
    /// The base of absolute links (K-27), without a slash at the end.
    pub(super) base: &'a str,
    /// When the request arrived, in milliseconds since the epoch.
    now: u64,
    /// The prefix `/api/v1` or its alias `/v1`; empty for a path without a version.
    pub(super) prefix: &'a str,
    /// `None` as long as no operation has matched.
    pub(super) operation: Option<&'a Operation>,
    /// The form of the answer.
    pub(super) choice: Choice<'a>,
    /// The form of the request's body, once it was read.
    pub(super) sent: Profile,
    /// The body, if errors are in JSON:API. Their pointers must lead to existing members.
    pub(super) document: Option<Vec<u8>>,
}

impl<'a> Negotiated<'a> {
    /// The state for a request that arrived at `now`, as far as its URL tells it. `base` is that of
    /// absolute links.
    pub(crate) fn new(base: &'a str, parts: &'a Parts, now: u64) -> Self {
        let prefix = prefix(parts.uri.path());
        let mut negotiated = Self {
            parts,
            base,
            now,
            prefix,
            operation: None,
            choice: Choice::default(),
            sent: Profile::Native,
            document: None,
        };
        negotiated.choice.profile = negotiated.offer().default;
        negotiated
    }

    /// Chooses the form of the answer, for an operation that matched.
    ///
    /// # Errors
    /// 406 if the client accepts none of the forms.
    pub(crate) fn matched(&mut self, operation: &'a Operation) -> Result<(), Error> {
        self.operation = Some(operation);
        let offer = self.offer();
        let Some(choice) = accept::choose(&self.parts.headers, &offer) else {
            let message = "The server can produce nothing that Accept allows; details.available \
                lists what it can produce.";
            return Err(
                Error::new(Code::NotAcceptable, message).with("available", offer.available())
            );
        };
        self.choice = choice;
        // A JSON:API document is answered by one (K-11), even if it is refused unread.
        let content_type = header(&self.parts.headers, "content-type");
        if !choice.named
            && operation.shape.is_some()
            && !operation.consumes.is_empty()
            && content_type.is_some_and(is_json_api)
        {
            self.choice.profile = Profile::JsonApi;
        }
        Ok(())
    }

    pub(super) fn offer(&self) -> Offer<'a> {
        let is_alias = self.prefix.starts_with("/v");
        let is_fixed = self.operation.is_some_and(|operation| operation.shape.is_none());
        let default = if is_alias && !is_fixed { Profile::Camel } else { Profile::Native };
        Offer { default, operation: self.operation }
    }

    pub(super) fn shape(&self) -> Option<&'a Shape> {
        self.operation?.shape.as_ref()
    }

    /// The media type that the function is to write, of those that its operation produces. The
    /// gateway makes every JSON form from the native one.
    pub(super) fn written(&self) -> Option<&'a str> {
        let produced = &self.operation?.produces;
        let json = produced.iter().find(|it| *it == accept::JSON);
        self.choice.other.or(json.or(produced.first()).map(String::as_str))
    }

    pub(super) fn path(&self) -> &'a str {
        self.parts.uri.path()
    }

    pub(super) fn query(&self) -> &'a str {
        self.parts.uri.query().unwrap_or_default()
    }

    /// Path and query, in the form that a link must have.
    pub(super) fn target(&self) -> String {
        linked(self.parts.uri.path_and_query().map_or("/", |target| target.as_str()))
    }

    pub(super) fn timestamp(&self) -> String {
        timestamp(self.now)
    }

    /// The Content-Type of a JSON profile. It names the profile if the client named it.
    pub(super) fn json(&self) -> HeaderValue {
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
    pub(super) fn caching(&self) -> HeaderValue {
        let reads = matches!(self.parts.method, Method::GET | Method::HEAD);
        match self.operation.is_some_and(|operation| reads && !operation.public) {
            true => HeaderValue::from_static("private, no-cache"),
            false => HeaderValue::from_static("no-cache"),
        }
    }

    /// Whether the error says that no object is related to an object. JSON:API answers this with
    /// null (1.1, "Fetching Resources"). In the native form it is a 404.
    pub(super) fn is_empty_relation(&self, error: &Error) -> bool {
        self.choice.profile == Profile::JsonApi
            && self.shape().is_some()
            && error.code == Code::ResourceNotFound
            && error.context.iter().any(|(name, _)| name == "empty_relation")
    }

    /// Whether the error says that a document relates to an object that does not exist. JSON:API
    /// answers this with 404 (1.1, "Creating Resources"). In the native form, the value of a field
    /// is wrong.
    pub(super) fn is_missing_relation(&self, error: &Error) -> bool {
        self.sent == Profile::JsonApi
            && error.code == Code::ValidationFailed
            && !error.violations.is_empty()
            && error.violations.iter().all(|violation| violation.code == "NOT_FOUND")
    }

    /// The items, if the answer is a page.
    pub(super) fn items<'r>(&self, native: &'r RawValue, page: &mut Page) -> Option<&'r RawValue> {
        self.shape().filter(|shape| shape.is_page)?;
        let Items { items, next_cursor } = serde_json::from_str(native.get()).ok()?;
        page.next_cursor = next_cursor;
        Some(items)
    }

    /// A parameter that the function named, in the client's spelling.
    pub(super) fn parameter_name(&self, native: &str) -> String {
        let camel = protocol::case::camel(native);
        let is_sent = |name: &str| query::value(self.query(), &[name]).is_some();
        let spelled = if is_sent(&camel) { &*camel } else { native };
        spelled.to_owned()
    }
}

/// The version prefix: `/api/v1` for `/api/v1/projects`, `/v1` for `/v1/projects`.
pub(super) fn prefix(path: &str) -> &str {
    let below = path.strip_prefix("/api").unwrap_or(path);
    let Some(version) = below.strip_prefix("/v") else { return "" };
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || !matches!(version.as_bytes().get(digits), None | Some(b'/')) {
        return "";
    }
    &path[..path.len() - version.len() + digits]
}
