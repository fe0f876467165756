//! Request bodies of `wasi:http` components. A component gets a body only when all of it has
//! arrived.

use crate::http::body::incoming::Incoming;
use bytes::Bytes;
use futures_util::stream;
use gateway::BodyError;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use wasmtime_wasi_http::Error;

/// Receives a body of at most `limit` bytes. If the body is larger, then the component gets the
/// bytes that have arrived, and then an error. The component refuses the body itself, so the answer
/// has the component's form and order of checks.
pub(super) async fn receive(
    mut body: Incoming,
    limit: usize,
) -> Result<UnsyncBoxBody<Bytes, Error>, BodyError> {
    match body.receive(limit).await {
        Ok(bytes) => {
            Ok(Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync())
        }
        Err(BodyError::TooLarge) => {
            let came = Bytes::from(body.into_received());
            let came = (!came.is_empty()).then(|| Ok(Frame::data(came)));
            let end = [Err(Error::HttpRequestBodySize(None))];
            Ok(StreamBody::new(stream::iter(came.into_iter().chain(end))).boxed_unsync())
        }
        Err(refused) => Err(refused),
    }
}
