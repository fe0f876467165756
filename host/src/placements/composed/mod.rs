//! The composed placement. The answer comes from a `wasi:http` component, which is either
//! `gateway.wasm` composed with a route component, or a component that was written for `wasi:http`.

mod body;
mod headers;
mod worker;

use crate::config::options::Limits;
use crate::guest::state::{State, StoreFactory};
use crate::http::body::exchange::{Exchange, ReaderGuard};
use crate::http::body::incoming::Incoming;
use crate::http::body::response::ResponseBody;
use crate::http::problem;
use crate::http::routes::Route;
use crate::http::streams::Streams;
use anyhow::Context as _;
use gateway::Code;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::handler::{
    ExpirationError, InstantiationError, ProxyHandler, ProxyPre, TrapOrPanicError,
};
use wasmtime_wasi_http::{p2, p3};

/// The variable with the size of the largest body, in bytes, and its default. The default is the
/// same as the gateway's.
const BODY_LIMIT: &str = "body_limit_bytes";
const DEFAULT_BODY_LIMIT: usize = 1 << 20;
/// Answers up to this many bytes are read from the instance at once. The gateway's are far smaller.
const MAX_BUFFERED: usize = 8 << 20;

/// A `wasi:http` component that can be called.
pub(crate) struct Composed {
    handler: ProxyHandler<worker::Factory>,
    permits: Arc<Semaphore>,
    streams: Streams,
    wait: Duration,
    request: Duration,
    body_limit: usize,
}

impl Composed {
    /// Fails unless the component exports `wasi:http/handler@0.3` or
    /// `wasi:http/incoming-handler@0.2`.
    pub(crate) fn new(
        factory: StoreFactory,
        component: InstancePre<State>,
        limits: &Limits,
        end: CancellationToken,
    ) -> anyhow::Result<Self> {
        let name = factory.grants.component.clone();
        let body_limit =
            factory.grants.variables.get(BODY_LIMIT).and_then(|text| text.parse().ok());
        let component = match p3::bindings::ServicePre::new(component.clone()) {
            Ok(service) => ProxyPre::P3(service),
            Err(_) => {
                let proxy = p2::bindings::ProxyPre::new(component).map_err(anyhow::Error::from);
                ProxyPre::P2(proxy.with_context(|| {
                    format!(
                        "[component.{name}] source exports neither wasi:http/handler@0.3.0 nor \
                         wasi:http/incoming-handler@0.2"
                    )
                })?)
            }
        };
        Ok(Self {
            handler: ProxyHandler::new(worker::Factory::new(factory, component, limits, end)),
            permits: Arc::new(Semaphore::new(limits.max_instances)),
            streams: Streams::new(limits),
            wait: limits.max_queue_wait,
            request: limits.request,
            body_limit: body_limit.unwrap_or(DEFAULT_BODY_LIMIT),
        })
    }

    /// Answers a request of `peer` that came in by `route`.
    pub(crate) async fn handle(
        &self,
        peer: SocketAddr,
        route: &Route,
        request: Request<Incoming>,
    ) -> Response<ResponseBody> {
        let (parts, body) = request.into_parts();
        let has_content = parts.method != Method::HEAD;
        // The body is received before an instance is taken, so a slow client does not occupy one.
        let body = match body::receive(body, self.body_limit).await {
            Ok(body) => body,
            Err(refused) => return problem::of(&parts.headers, problem::no_body(&refused)),
        };
        let mut request = Request::from_parts(parts, body);
        let permit = tokio::time::timeout(self.wait, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return problem::unavailable("The server is at capacity");
        };
        if headers::prepare(&mut request, route, peer).is_err() {
            return problem::answer(Code::MalformedRequest, "The request cannot be parsed");
        }
        let exchange = Exchange::default();
        let answer = self.handler.handle(exchange.clone(), request);
        // The handler's own timeout does not fire while the guest computes.
        let answer = tokio::time::timeout(self.request, answer).await;
        match answer.unwrap_or_else(|_| Err(ExpirationError.into())) {
            Ok(response) if has_content && is_short(&response) => {
                let (parts, body) = response.into_parts();
                // Reading the whole answer frees the instance before a slow client takes the
                // answer.
                let whole = Limited::new(body, MAX_BUFFERED).collect();
                let whole = tokio::time::timeout(self.request, whole).await;
                drop(permit);
                match whole {
                    Ok(Ok(whole)) if !exchange.take_broken() => {
                        let body = ResponseBody::full(whole.to_bytes());
                        Response::from_parts(parts, body)
                    }
                    Ok(_) => fault(),
                    Err(_) => late(),
                }
            }
            Ok(mut response) => {
                let holder = headers::take_holder(&mut response);
                let stream = match is_stream(&response) {
                    false => None,
                    true => {
                        // If there is no place, then dropping the reader ends the instance.
                        let reader = ReaderGuard::new(exchange.clone());
                        match self.streams.open(holder) {
                            Ok(permit) => Some((reader, permit)),
                            Err(full) => return headers::refusal(full, response.headers()),
                        }
                    }
                };
                response.map(|body| ResponseBody::Component {
                    body,
                    exchange,
                    stream,
                    _permit: permit,
                })
            }
            Err(error) => {
                if exchange.was_refused() {
                    return problem::unavailable("The server is at capacity");
                }
                // The worker that saw a trap has reported it already.
                if !error.is::<TrapOrPanicError>() {
                    self.handler.state().report(&error);
                }
                // No code of the guest has run: there is no room for another instance, because idle
                // ones take it.
                if error.is::<InstantiationError<Exchange>>() {
                    problem::unavailable("The server is at capacity")
                } else if error.is::<ExpirationError>() {
                    late()
                } else {
                    fault()
                }
            }
        }
    }
}

fn late() -> Response<ResponseBody> {
    problem::answer(Code::Timeout, "The function did not answer in time")
}

fn fault() -> Response<ResponseBody> {
    problem::answer(Code::InternalError, "An unexpected fault of the server")
}

/// Whether the answer is short enough to be kept in memory as a whole.
fn is_short<B: Body>(response: &Response<B>) -> bool {
    let length = response.body().size_hint().upper();
    let has_content = response.status() != StatusCode::NOT_MODIFIED;
    has_content && !is_stream(response) && length.is_none_or(|length| length <= MAX_BUFFERED as u64)
}

/// Whether the response has content of unknown length.
fn is_stream<B>(response: &Response<B>) -> bool {
    let headers = response.headers();
    headers.contains_key(CONTENT_TYPE) && !headers.contains_key(CONTENT_LENGTH)
}
