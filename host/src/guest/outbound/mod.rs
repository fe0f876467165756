//! Sends requests of guests, over kept connections, to addresses that they may reach.
//!
//! A host that the manifest names (`https://api.example.com`) may have any address. If only a
//! pattern (`https://*:*`) grants the host, then somebody else wrote the URL, for example a tenant
//! with a webhook. Such a request reaches public addresses only. The filter checks the address that
//! the connection is made to. So a name that resolves to another address the next time gains
//! nothing.
//!
//! Redirects are not followed. A guest that follows one sends a new request.

mod connector;
mod own;
#[cfg(test)]
mod tests;

pub(crate) use own::{Answer, OwnServer};

use crate::config::addresses::{Blocked, Filter};
use bytes::Bytes;
use connector::{CONNECT_TIME, Connector, MAX_TIMEOUT, Prohibited};
use futures_util::stream;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, StreamBody};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::RootCertStore;
use std::error::Error as _;
use std::io;
use std::time::Duration;
use tokio::time::{error::Elapsed, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How many idle connections to one host are kept, and for how long. The time is less than the 5 s
/// after which Node.js and Apache close theirs, because a request that meets the closing is lost.
const IDLE: usize = 16;
const IDLE_TIME: Duration = Duration::from_secs(4);

/// The kind of destination of a request. It determines which addresses are allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HostGrant {
    /// A host that the manifest names.
    Named,
    /// A host that only a pattern grants.
    Matched,
}

/// Sends requests. Each [`HostGrant`] has its own connections, so no request uses a connection that it
/// would not have been allowed to make.
pub(crate) struct Clients {
    named: Client<Connector, WasiBody>,
    matched: Client<Connector, WasiBody>,
}

impl Clients {
    /// Opens no connection yet. No guest reaches the networks in `blocked`. Servers are trusted if
    /// one of `roots` vouches for them.
    pub(crate) fn new(blocked: Blocked, roots: RootCertStore) -> anyhow::Result<Self> {
        let tls = crate::system::tls::client(roots)?;
        let client = |filter| {
            Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE_TIME)
                .pool_max_idle_per_host(IDLE)
                .build(Connector::new(filter, tls.clone()))
        };
        Ok(Self {
            named: client(Filter::Unblocked(blocked.clone())),
            matched: client(Filter::Public(blocked)),
        })
    }

    /// Sends a request with an absolute URI. As on Spin, the time to the first byte includes the
    /// time to connect.
    pub(crate) fn send(
        &self,
        grant: HostGrant,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> impl Future<Output = Result<Response<WasiBody>, Error>> + Send + use<> {
        let client = match grant {
            HostGrant::Named => &self.named,
            HostGrant::Matched => &self.matched,
        };
        let timeouts = Timeouts::of(options);
        let response = CONNECT_TIME.scope(timeouts.connect, client.clone().request(request));
        let response = timeout(timeouts.first_byte, response);
        let between = timeouts.between_bytes;
        async move {
            let response = response.await.map_err(|_| Error::ConnectionReadTimeout)?;
            Ok(response.map_err(|error| guest_error(&error))?.map(|body| timed(body, between)))
        }
    }
}

/// The timeouts of a request.
struct Timeouts {
    connect: Duration,
    first_byte: Duration,
    between_bytes: Duration,
}

impl Timeouts {
    /// Those that the guest asks for, if they are not too long.
    fn of(options: Option<RequestOptions>) -> Self {
        let options = options.unwrap_or_default();
        let shorter = |asked: Option<Duration>| asked.unwrap_or(MAX_TIMEOUT).min(MAX_TIMEOUT);
        Self {
            connect: shorter(options.connect_timeout),
            first_byte: shorter(options.first_byte_timeout),
            between_bytes: shorter(options.between_bytes_timeout),
        }
    }
}

/// A body whose pieces must come within `between` of each other. The time counts only while
/// somebody reads.
fn timed<B>(body: B, between: Duration) -> WasiBody
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    Error: From<B::Error>,
{
    let frames = stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(between, body.frame()).await {
            Ok(Some(Ok(frame))) => Some((Ok(frame), Some(body))),
            Ok(Some(Err(error))) => Some((Err(Error::from(error)), None)),
            Ok(None) => None,
            Err(_) => Some((Err(Error::ConnectionReadTimeout), None)),
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// The error that a guest gets for a request that was not answered.
fn guest_error(error: &legacy::Error) -> Error {
    let mut next = error.source();
    while let Some(cause) = next {
        if cause.is::<Prohibited>() {
            return Error::DestinationIpProhibited;
        }
        if cause.is::<Elapsed>() {
            return Error::ConnectionTimeout;
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            let copy = io::Error::new(error.kind(), error.to_string());
            return match error.kind() {
                _ if is_tls(error) => Error::Tls(copy),
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => Error::ConnectionTerminated,
                io::ErrorKind::TimedOut => Error::ConnectionTimeout,
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    Error::DestinationUnavailable
                }
                _ => Error::Connect(copy),
            };
        }
        if let Some(error) = cause.downcast_ref::<hyper::Error>()
            && error.is_incomplete_message()
        {
            return Error::ConnectionTerminated;
        }
        next = cause.source();
    }
    Error::HttpProtocolError
}

/// Whether the error comes from rustls. rustls wraps its errors, and hyper-rustls wraps them again.
fn is_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| {
        inner.is::<rustls::Error>() || inner.downcast_ref::<io::Error>().is_some_and(is_tls)
    })
}
