//! Bodies between hyper and the components.

use crate::fused::ByteStream;
use bytes::Bytes;
use gateway::{BodyError, IncomingBody};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::WasiBody;

type Permits = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

/// A response body.
pub(crate) enum ResponseBody {
    /// All of it.
    Full(Option<Bytes>),
    /// From a route, as it comes.
    Stream(ByteStream),
    /// From a `wasi:http` component. `broken` tells an end by accident from a regular one,
    /// and the permits, the second one that of a stream, are given back when the body has ended.
    Component { body: WasiBody, broken: Arc<AtomicBool>, _permits: Permits },
}

impl ResponseBody {
    /// A body that is there already.
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::Full((!bytes.is_empty()).then_some(bytes))
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => {
                let chunk = ready!(stream.poll(cx));
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
            Self::Component { body, broken, .. } => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(match frame {
                    Some(frame) => Some(frame.map_err(io::Error::other)),
                    None if broken.swap(false, Ordering::Acquire) => {
                        Some(Err(io::Error::other("the function ended before its response")))
                    }
                    None => None,
                })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Stream(_) => false,
            Self::Component { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
            Self::Component { body, .. } => body.size_hint(),
        }
    }
}

/// A request body on its way in.
pub(crate) struct Incoming {
    /// What hyper has.
    pub(crate) body: hyper::body::Incoming,
    /// The time in which all of it must have come.
    pub(crate) time: Duration,
}

impl IncomingBody for Incoming {
    async fn read(self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let Self { mut body, time } = self;
        if body.size_hint().lower() > limit as u64 {
            return Err(BodyError::TooLarge);
        }
        if body.is_end_stream() {
            return Ok(Vec::new());
        }
        let read = async {
            let expected = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            let mut bytes = Vec::with_capacity(expected);
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|_| BodyError::Broken)?;
                let Ok(data) = frame.into_data() else { continue };
                if bytes.len() + data.len() > limit {
                    return Err(BodyError::TooLarge);
                }
                bytes.extend_from_slice(&data);
            }
            Ok(bytes)
        };
        tokio::time::timeout(time, read).await.unwrap_or(Err(BodyError::Broken))
    }
}
