//! Request bodies while they are received. A function runs only when the whole body has arrived. So
//! a slow client costs neither an instance nor its time.

use crate::config::options::Connections as Limits;
use crate::http::connections::{ConnectionState, LimitReached, Reservation};
use bytes::Bytes;
use gateway::{BodyError, IncomingBody};
use http::Request;
use http::header::EXPECT;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime_wasi_http::WasiBody;

/// The least average rate of a body after the grace period, in bytes a second (as `MinRate` of
/// Apache's mod_reqtimeout).
const RATE: u64 = 1000;

/// How long a body may take.
#[derive(Clone, Copy)]
pub(crate) struct BodyTimeout {
    /// The limit for the whole body.
    pub(crate) time: Duration,
    /// The time before the rate counts.
    pub(crate) grace: Duration,
}

impl BodyTimeout {
    /// The timeout that a server demands. `time` is the limit for the whole request.
    pub(crate) fn new(limits: &Limits, time: Duration) -> Self {
        Self { time, grace: limits.body_grace }
    }

    fn end(&self, began: Instant, received: usize) -> Instant {
        let worth = Duration::from_millis(received as u64 * 1000 / RATE);
        began + self.time.min(self.grace + worth)
    }
}

/// What the code that answers the request keeps of its body.
pub(crate) struct BodyStatus {
    /// Whether the whole body has arrived.
    whole: AtomicBool,
    /// The memory that the body takes. It is reserved until the answer is there.
    reservation: Mutex<Reservation>,
}

impl BodyStatus {
    /// Whether the connection may be used for another request.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole.load(Ordering::Relaxed)
    }
}

/// A request body that is being received.
pub(crate) enum Incoming {
    /// It comes from a client.
    Client(Upload),
    /// It comes from this process, and has this time to arrive.
    Own(WasiBody, Duration),
}

impl Incoming {
    /// Receives the whole body. Fails when the body is longer than `limit` bytes.
    pub(crate) async fn receive(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Client(upload) => upload.receive(limit).await,
            Self::Own(body, time) => {
                match timeout(*time, Limited::new(body, limit).collect()).await {
                    Ok(Ok(whole)) => Ok(whole.to_bytes().into()),
                    Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
                    Ok(Err(_)) => Err(BodyError::Broken),
                    Err(_) => Err(BodyError::TooSlow),
                }
            }
        }
    }

    /// The bytes that have arrived of a body that was not received as a whole.
    pub(crate) fn into_received(self) -> Vec<u8> {
        match self {
            Self::Client(mut upload) => std::mem::take(&mut upload.received),
            Self::Own(..) => Vec::new(),
        }
    }
}

/// The body of a request that came over a connection.
pub(crate) struct Upload {
    body: hyper::body::Incoming,
    /// Whether the client waits to be asked for the body (`Expect: 100-continue`).
    waits: bool,
    timeout: BodyTimeout,
    state: Arc<ConnectionState>,
    body_status: Arc<BodyStatus>,
    received: Vec<u8>,
}

impl Upload {
    /// Replaces the body of a request with one that has limits.
    pub(crate) fn of(
        request: Request<hyper::body::Incoming>,
        timeout: BodyTimeout,
        reservation: Reservation,
        state: Arc<ConnectionState>,
    ) -> (Request<Incoming>, Arc<BodyStatus>) {
        let waits = request.headers().contains_key(EXPECT);
        let whole = AtomicBool::new(request.body().is_end_stream());
        let body_status = Arc::new(BodyStatus { whole, reservation: Mutex::new(reservation) });
        let kept = body_status.clone();
        let request = request.map(|body| {
            let received = Vec::new();
            Incoming::Client(Self { body, waits, timeout, state, body_status, received })
        });
        (request, kept)
    }

    async fn receive(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        if self.body_status.is_whole() {
            return Ok(Vec::new());
        }
        let expected = self.body.size_hint().lower();
        if expected > limit as u64 {
            return Err(BodyError::TooLarge);
        }
        self.state.set_idle();
        let received = self.collect(limit, usize::try_from(expected).unwrap_or_default()).await;
        self.state.set_busy().await;
        received?;
        self.body_status.whole.store(true, Ordering::Relaxed);
        Ok(std::mem::take(&mut self.received))
    }

    async fn collect(&mut self, limit: usize, expected: usize) -> Result<(), BodyError> {
        let began = Instant::now();
        loop {
            let end = self.timeout.end(began, self.received.len());
            let Ok(frame) = timeout_at(end, self.body.frame()).await else {
                return Err(BodyError::TooSlow);
            };
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|_| BodyError::Broken)?;
            let Ok(data) = frame.into_data() else { continue };
            self.keep(&data, expected)?;
            if self.received.len() > limit {
                return Err(BodyError::TooLarge);
            }
        }
    }

    /// Adds `data` to the body. Memory is reserved for bytes that have arrived, and not for bytes
    /// that were only announced.
    fn keep(&mut self, data: &Bytes, expected: usize) -> Result<(), BodyError> {
        let needed = self.received.len() + data.len();
        let held = self.received.capacity();
        if needed > held {
            let most = if expected == 0 { usize::MAX } else { expected };
            let twice = held.saturating_mul(2).min(most).max(needed);
            self.body_status.reservation.lock().grow(twice).map_err(|full| match full {
                LimitReached::Address => BodyError::Crowded,
                LimitReached::All => BodyError::NoRoom,
            })?;
            self.received.reserve_exact(twice - self.received.len());
        }
        self.received.extend_from_slice(data);
        Ok(())
    }
}

impl Drop for Upload {
    /// Marks a small unread body as whole if it has arrived already, which is the usual case. Then
    /// the connection can be used for another request.
    fn drop(&mut self) {
        if self.body_status.is_whole() || self.waits {
            return;
        }
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(Ok(_))) = Pin::new(&mut self.body).poll_frame(&mut cx) {}
        self.body_status.whole.store(self.body.is_end_stream(), Ordering::Relaxed);
    }
}

impl IncomingBody for Incoming {
    async fn read(mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        self.receive(limit).await
    }
}
