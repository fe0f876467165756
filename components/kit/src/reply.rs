//! Answers of a handler.

use serde::Serialize;

use crate::bindings::tenantry::platform::messages::{Body, Response};
use crate::{Error, Internal};

/// A success.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` when the value cannot be JSON.
    pub fn ok(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { status: 200, headers: Vec::new(), body: serde_json::to_vec(value).internal()? })
    }

    /// 201 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` when the value cannot be JSON.
    pub fn created(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { status: 201, ..Self::ok(value)? })
    }

    /// 202 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` when the value cannot be JSON.
    pub fn accepted(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { status: 202, ..Self::ok(value)? })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// JSON that is written already.
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// 304: the client has it.
    pub(crate) fn not_modified() -> Self {
        Self { status: 304, headers: Vec::new(), body: Vec::new() }
    }

    /// Adds a header if there is a value for it.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// 200 with a body of another media type.
    pub fn bytes(media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
            .header("content-type", media_type)
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        let body = if reply.body.is_empty() { Body::Empty } else { Body::Bytes(reply.body) };
        Self { status: reply.status, headers: reply.headers, body }
    }
}
