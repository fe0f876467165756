//! Response bodies on their way from the components to hyper.

use crate::composed::{Fate, Reader};
use crate::connections::{Busy, Share};
use crate::fused::ByteStream;
use crate::problem;
use crate::streams::Place;
use bytes::Bytes;
use http::Response;
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
    /// The body of a `wasi:http` component. `fate` tells an accidental end from a regular one. The
    /// permit of the instance and the place of a stream are released when the body has ended.
    Component {
        body: WasiBody,
        fate: Fate,
        stream: Option<(Reader, Place)>,
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
            Self::Component { body, fate, stream, .. } => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                if let (None, Some((reader, _))) = (&frame, stream) {
                    reader.ends();
                }
                Poll::Ready(match frame {
                    Some(frame) => Some(frame.map_err(io::Error::other)),
                    None if fate.take_broken() => {
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

/// A response body that is being sent. As long as this lives, its request counts as at work and its
/// memory stays reserved.
pub(crate) struct Outgoing {
    body: ResponseBody,
    _busy: Busy,
    _share: Share,
}

impl Outgoing {
    /// Reserves memory for the part of the answer that the client has not taken yet. If there is no
    /// room, then the answer is replaced by an error, but only for a safe request. An unsafe
    /// request may have changed something, so an error in place of its answer would be wrong.
    ///
    /// # Errors
    ///
    /// There is no room for the answer to an unsafe request. The connection has to end without an
    /// answer, so that the client knows that the outcome is unknown.
    pub(crate) fn of(
        mut response: Response<ResponseBody>,
        busy: Busy,
        mut share: Share,
        is_safe: bool,
    ) -> io::Result<Response<Self>> {
        if let ResponseBody::Full(Some(bytes)) = response.body()
            && let Err(full) = share.grow(bytes.len())
        {
            if !is_safe {
                return Err(io::Error::other("there is no memory for the answer"));
            }
            response = problem::no_room(full);
        }
        Ok(response.map(|body| Self { body, _busy: busy, _share: share }))
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
