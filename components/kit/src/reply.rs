//! Answers of a handler.

use protocol::{Body, Response, metadata};
use serde::Serialize;
use spin_sdk::wit_bindgen::StreamReader;

use crate::stream::Writer;
use crate::{Error, Internal};

/// A successful answer.
#[derive(Debug)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// A stream that replaces the body.
    pub(crate) stream: Option<StreamReader<u8>>,
}

impl Reply {
    /// 200 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` if the value cannot be written as JSON.
    pub fn ok(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self::json(200, serde_json::to_vec(value).internal()?))
    }

    /// 201 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` if the value cannot be written as JSON.
    pub fn created(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { status: 201, ..Self::ok(value)? })
    }

    /// 202 with a JSON body.
    ///
    /// # Errors
    /// `internal-error` if the value cannot be written as JSON.
    pub fn accepted(value: &impl Serialize) -> Result<Self, Error> {
        Ok(Self { status: 202, ..Self::ok(value)? })
    }

    /// 204 without a body.
    pub fn no_content() -> Self {
        Self::json(204, Vec::new())
    }

    /// An answer with a body that is JSON already. An empty body means no body.
    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body, stream: None }
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
        Self::json(200, body.into()).header("content-type", media_type)
    }

    /// 200 with a body of another media type, which `write` writes while it is being sent. Such an
    /// answer has no receipt, so only operations that change nothing may use it. The instance is
    /// occupied until `write` returns.
    pub fn streaming<F>(media_type: &str, write: impl FnOnce(Writer) -> F) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let (writer, reader) = Writer::new();
        spin_sdk::wasip3::spawn(write(writer));
        Self { stream: Some(reader), ..Self::json(200, Vec::new()) }
            .header("content-type", media_type)
    }

    /// Tells the gateway the neighbours and numbers of a page.
    #[must_use]
    pub fn with_page(mut self, page: metadata::Page) -> Self {
        self.headers.extend(page.headers());
        self
    }

    /// Adds a header. `name` is in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Reply> for Response<StreamReader<u8>> {
    fn from(reply: Reply) -> Self {
        let body = match reply.stream {
            Some(stream) => Body::Streaming(stream),
            None if reply.body.is_empty() => Body::Empty,
            None => Body::Bytes(reply.body),
        };
        Self { status: reply.status, headers: reply.headers, body }
    }
}
