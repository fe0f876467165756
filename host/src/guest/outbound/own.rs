//! Requests of guests to this server itself (`http://self`). They need no connection, so they work
//! whatever the address is that the server listens on, and take no place of a client's connection.

use super::{Timeouts, timed};
use http::header::HOST;
use http::{HeaderValue, Request, Response};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How many of these requests may wait for their answer at once. Each may hold a body. A guest that
/// calls itself also needs one more instance for each level, and those are bounded too.
const MAX_REQUESTS: usize = 256;

/// The future of an answer.
pub(crate) type Answer =
    Pin<Box<dyn Future<Output = Result<Response<WasiBody>, Error>> + Send + 'static>>;

/// This server, as guests reach it.
#[derive(Clone)]
pub(crate) struct OwnServer {
    /// Its address, which requests name as their host.
    host: HeaderValue,
    answer: Arc<dyn Fn(Request<WasiBody>) -> Answer + Send + Sync>,
    free: Arc<Semaphore>,
}

impl OwnServer {
    /// `answer` answers a request whose target and host have the form of those that clients send.
    pub(crate) fn new(
        address: SocketAddr,
        answer: impl Fn(Request<WasiBody>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let host = HeaderValue::try_from(address.to_string()).expect("addresses are visible text");
        Self { host, answer: Arc::new(answer), free: Arc::new(Semaphore::new(MAX_REQUESTS)) }
    }

    /// Sends a request. It is answered in a task of its own, because the guest may compute in the
    /// meantime. The task ends if the guest gives up.
    pub(crate) fn send(
        &self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> impl Future<Output = Result<Response<WasiBody>, Error>> + Send + use<> {
        let timeouts = Timeouts::of(options);
        let place = self.free.clone().try_acquire_owned();
        request.headers_mut().insert(HOST, self.host.clone());
        let answer = (self.answer)(request);
        async move {
            let _place = place.map_err(|_| Error::ConnectionLimitReached)?;
            let answer = AbortOnDropHandle::new(tokio::spawn(answer));
            let response = timeout(timeouts.first_byte, answer).await;
            let response = response.map_err(|_| Error::ConnectionReadTimeout)?;
            let response = response.map_err(|_| Error::ConnectionTerminated)??;
            Ok(response.map(|body| timed(body, timeouts.between_bytes)))
        }
    }
}
