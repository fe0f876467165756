//! Response bodies, as the components give them.

use crate::http::body::stream::{ByteStream, Reader};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use wasmtime_wasi_http::WasiBody;

/// A response body.
pub(crate) enum ResponseBody {
    /// A whole body in memory.
    Full(Option<Bytes>),
    /// A stream of pieces from a route component.
    Stream(ByteStream),
    /// A body that a `wasi:http` component writes while it is sent.
    Component(WasiBody, Reader),
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
            Self::Component(body, reader) => {
                Poll::Ready(match ready!(Pin::new(body).poll_frame(cx)) {
                    Some(frame) => Some(frame.map_err(io::Error::other)),
                    None => reader.end().err().map(Err),
                })
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.is_none(),
            Self::Stream(_) => false,
            // The end must be read, because only it shows that nothing is missing.
            Self::Component(..) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
            Self::Component(body, _) => body.size_hint(),
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
