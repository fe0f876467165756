//! Response bodies, as the components give them.

use crate::http::body::exchange::{Exchange, ReaderGuard};
use crate::http::body::stream::ByteStream;
use crate::http::streams::StreamPermit;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::WasiBody;

/// A response body.
pub(crate) enum ResponseBody {
    /// A whole body in memory.
    Full(Option<Bytes>),
    /// A stream of pieces from a route component.
    Stream(ByteStream),
    /// The body of a `wasi:http` component. `exchange` tells an accidental end from a regular one. The
    /// permit of the instance and the place of a stream are released when the body has ended.
    Component {
        body: WasiBody,
        exchange: Exchange,
        stream: Option<(ReaderGuard, StreamPermit)>,
        _permit: OwnedSemaphorePermit,
    },
}

impl ResponseBody {
    /// A body that is in memory already.
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
            Self::Full(bytes) => Poll::Ready(next_piece(bytes).map(|piece| Ok(Frame::data(piece)))),
            Self::Stream(stream) => {
                let chunk = ready!(stream.poll(cx));
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
            Self::Component { body, exchange, stream, .. } => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                if let (None, Some((reader, _))) = (&frame, stream) {
                    reader.finish();
                }
                Poll::Ready(match frame {
                    Some(frame) => Some(frame.map_err(io::Error::other)),
                    None if exchange.take_broken() => {
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

/// The most bytes that hyper gets at once. hyper holds one such piece, so the rest of the body
/// shows how much the client has taken.
const PIECE: usize = 64 << 10;

fn next_piece(bytes: &mut Option<Bytes>) -> Option<Bytes> {
    match bytes {
        Some(rest) if rest.len() > PIECE => Some(rest.split_to(PIECE)),
        _ => bytes.take(),
    }
}
