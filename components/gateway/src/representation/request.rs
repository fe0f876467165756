//! Requests in the form of their profile (K-6, K-11). They become native for the function.

use std::borrow::Cow;

use http::Method;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use mediatype::{MediaType, ReadParams};
use protocol::{Code, Error, Location, Parameter};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::accept::{JSON, PROFILE};
use super::media::is_json_api;
use super::negotiated::Negotiated;
use super::profile::Profile;
use super::rewrite::Rewriter;
use super::{document, etag, query};
use crate::router::Route;
use crate::text::header;

/// A body as it was sent, and the native body for the function.
#[derive(Default)]
pub(crate) struct Body {
    /// The bytes that were sent. An idempotency key is bound to them.
    pub(crate) sent: Vec<u8>,
    /// The native body; `None` if the sent body is native already.
    pub(crate) native: Option<Vec<u8>>,
}

impl Negotiated<'_> {
    /// Converts a body to the native form. If the Content-Type says JSON, then it is valid JSON.
    pub(crate) fn read(&mut self, route: &Route<'_>, sent: Vec<u8>) -> Result<Body, Error> {
        let Some(shape) = self.shape() else { return Ok(Body { sent, native: None }) };
        if sent.is_empty() {
            return Ok(Body { sent, native: None });
        }
        let profile = self.form_of(&sent);
        if profile == Profile::JsonApi && !self.choice.named {
            self.choice.profile = Profile::JsonApi;
        }
        if self.choice.profile == Profile::JsonApi {
            self.document = Some(sent.clone());
        }
        let unreadable = |_| Error::new(Code::MalformedRequest, "The body cannot be read.");
        let native = match profile {
            Profile::Native | Profile::Envelope => None,
            Profile::Camel => {
                let raw: &RawValue = serde_json::from_slice(&sent).map_err(unreadable)?;
                let mut out = String::with_capacity(sent.len() + 64);
                Rewriter::inbound(shape, Profile::Camel).root(raw, &mut out);
                Some(out.into_bytes())
            }
            Profile::JsonApi => {
                let raw: &RawValue = serde_json::from_slice(&sent).map_err(unreadable)?;
                let id = route.variables.iter().find(|variable| variable.name == "id");
                let target = document::Target {
                    id: id.map(|variable| variable.value.as_str()),
                    is_update: matches!(self.parts.method, Method::PATCH | Method::PUT),
                };
                Some(document::native(shape, target, raw)?.into_bytes())
            }
        };
        // Violations after this point come from the function, which names members of the native
        // body.
        self.sent = profile;
        Ok(Body { sent, native })
    }

    /// The form of a body: from the Content-Type, else that of the answer. JSON:API is also
    /// recognised by the members that only its documents have.
    fn form_of(&self, body: &[u8]) -> Profile {
        let content_type = header(&self.parts.headers, "content-type").unwrap_or_default();
        let mut is_plain = true;
        if content_type != JSON {
            let Ok(media) = MediaType::parse(content_type) else { return Profile::Native };
            if is_json_api(content_type) {
                return Profile::JsonApi;
            }
            let named = media.get_param(PROFILE);
            if let Some(profile) = named.and_then(|name| Profile::of_json(&name.unquoted_str())) {
                return profile;
            }
            let essence = media.essence().to_string().to_ascii_lowercase();
            if !essence.ends_with("json") {
                return Profile::Native;
            }
            is_plain = essence == JSON;
        }
        match self.choice.profile {
            answer if is_plain && is_document(body, answer == Profile::JsonApi) => Profile::JsonApi,
            Profile::JsonApi => Profile::Native,
            answer => answer,
        }
    }

    /// A query parameter as the function knows it.
    pub(crate) fn query_parameter(&self, name: Cow<'_, str>, value: Cow<'_, str>) -> Parameter {
        let (name, value) = match (self.choice.profile, self.shape()) {
            (Profile::Camel, Some(shape)) => query::native(shape, name, value),
            _ => (name.into_owned(), value.into_owned()),
        };
        Parameter { location: Location::Query, name, value }
    }

    /// The parameter that asks for the first page by its number, if a `camel` request asks for no
    /// certain page. It makes the function count the pages, which `camel` answers must have (E-29).
    pub(crate) fn first_page(&self) -> Option<Parameter> {
        let counts = self.choice.profile == Profile::Camel
            && self.shape().is_some_and(|shape| shape.is_numbered)
            && !query::pages(self.query());
        counts.then(|| Parameter {
            location: Location::Query,
            name: "page".to_owned(),
            value: "1".to_owned(),
        })
    }

    /// A request header as the function knows it.
    pub(crate) fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        if name == "accept" {
            return self.written().map(Cow::Borrowed);
        }
        let headers = &self.parts.headers;
        match name {
            "if-match" => etag::natively(headers, &IF_MATCH).map(Cow::Owned),
            "if-none-match" => etag::natively(headers, &IF_NONE_MATCH).map(Cow::Owned),
            "content-type" if self.sent == Profile::JsonApi => Some(Cow::Borrowed(JSON)),
            _ => header(headers, name).map(Cow::Borrowed),
        }
    }
}

/// Whether the body is a JSON:API document. It has `data` with `type` and `attributes`. If the
/// client wants an answer in JSON:API, then `data` is enough.
fn is_document(body: &[u8], wanted: bool) -> bool {
    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Resource {
        #[serde(rename = "type")]
        _kind: String,
        #[serde(rename = "attributes")]
        _attributes: IgnoredAny,
    }
    let Ok(Document { data }) = serde_json::from_slice(body) else { return false };
    wanted || serde_json::from_str::<Resource>(data.get()).is_ok()
}
