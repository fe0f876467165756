//! Response bodies on their way to the clients.

use crate::http::body::response::ResponseBody;
use crate::http::connections::{ActiveRequest, Reservation};
use crate::http::problem;
use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A response body that is being sent. As long as this lives, its request counts as at work and its
/// memory stays reserved.
pub(crate) struct Outgoing {
    body: ResponseBody,
    _active: ActiveRequest,
    _reservation: Reservation,
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
        active: ActiveRequest,
        mut reservation: Reservation,
        is_safe: bool,
    ) -> io::Result<Response<Self>> {
        if let ResponseBody::Full(Some(bytes)) = response.body()
            && let Err(full) = reservation.grow(bytes.len())
        {
            if !is_safe {
                return Err(io::Error::other("there is no memory for the answer"));
            }
            response = problem::no_room(full);
        }
        Ok(response.map(|body| Self { body, _active: active, _reservation: reservation }))
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
