//! Checks the content type, size and JSON syntax of the body (D-170…173). The function checks the
//! body against the contract, because it has the schemas.

use http::header::CONTENT_ENCODING;
use http::request::Parts;
use protocol::{Code, Error};

use crate::json;
use crate::platform::{BodyError, IncomingBody, Platform};
use crate::representation;
use crate::router::Route;
use crate::settings::Settings;
use crate::text::header;

/// The bodies that this gateway reads.
pub(crate) struct Bodies {
    /// The largest body, in bytes.
    limit: usize,
}

impl Bodies {
    pub(crate) async fn load<P: Platform>(settings: &Settings<'_, P>) -> Result<Self, String> {
        Ok(Self {
            limit: settings.number("body_limit_bytes", 1_048_576, 1..=u32::MAX).await? as usize,
        })
    }

    /// Reads the body of a request, and checks it as far as this needs no schema.
    pub(crate) async fn read<B: IncomingBody>(
        &self,
        parts: &Parts,
        route: &Route<'_>,
        body: B,
    ) -> Result<Vec<u8>, Error> {
        if route.operation.consumes.is_empty() {
            return Ok(Vec::new());
        }
        encoding(parts)?;
        let is_optional = !route.operation.body_required;
        // The body may have any type: its reader first verifies the bytes as they are.
        let is_raw = route.operation.consumes.iter().any(|known| known == "*/*");
        let media_type = match header(&parts.headers, "content-type") {
            _ if is_raw => None,
            None if is_optional => None,
            _ => Some(media_type(parts, route)?),
        };
        let announced = header(&parts.headers, "content-length");
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.limit as u64) {
            return Err(self.too_large());
        }
        let bytes = body.read(self.limit).await.map_err(|error| match error {
            BodyError::TooLarge => self.too_large(),
            refused => {
                let (code, message) = refused.refusal();
                Error { retry_after: refused.retry_after(), ..Error::new(code, message) }
            }
        })?;
        if is_raw || bytes.is_empty() && is_optional {
            return Ok(bytes);
        }
        // A body without a type has no type that the operation reads.
        let media_type = media_type.map_or_else(|| self::media_type(parts, route), Ok)?;
        if media_type.ends_with("json") {
            json::check(&bytes)?;
        }
        Ok(bytes)
    }

    fn too_large(&self) -> Error {
        let message = format!("The body is larger than {} bytes.", self.limit);
        Error::new(Code::PayloadTooLarge, message).with("limit_bytes", self.limit.to_string())
    }
}

/// Refuses content codings (RFC 9110 section 8.4), because a small coded body could stand for a
/// huge one.
fn encoding(parts: &Parts) -> Result<(), Error> {
    let lines = parts.headers.get_all(CONTENT_ENCODING).iter();
    let mut codings = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let plain = |coding: &[u8]| {
        coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case(b"identity")
    };
    if codings.all(plain) {
        return Ok(());
    }
    let message = "Send the body as it is, without a Content-Encoding.";
    Err(Error::new(Code::UnsupportedMediaType, message).with("accept_encoding", "identity"))
}

/// The media type of the body, if the operation reads it.
fn media_type(parts: &Parts, route: &Route<'_>) -> Result<String, Error> {
    let consumes = &route.operation.consumes;
    let content_type = header(&parts.headers, "content-type").unwrap_or_default();
    if let Some(media_type) = representation::media_type(route.operation, content_type) {
        return Ok(media_type);
    }
    Err(Error::new(
        Code::UnsupportedMediaType,
        format!("Send the body as {} in UTF-8.", consumes.join(" or ")),
    )
    .with("accept", consumes.join(", ")))
}
