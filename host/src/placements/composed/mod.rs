//! The composed placement. The answer comes from a `wasi:http` component, which is either
//! `gateway.wasm` composed with a route component, or a component that was written for `wasi:http`.

mod body;
mod call;
mod headers;

use super::admission::Turn;
use super::background::{Background, RemainingWork};
use super::pool::{Lease, Pool};
use crate::config::options::Limits;
use crate::guest::state::{State, StoreFactory};
use crate::http::body::incoming::Incoming;
use crate::http::body::response::ResponseBody;
use crate::http::body::stream::{self, StreamControl};
use crate::http::problem;
use crate::http::routes::Route;
use crate::http::streams::{StreamPermit, Streams};
use crate::system::log::Sink;
use anyhow::Context as _;
use call::{Answer, CallResult};
use gateway::{Code, Fault};
use http::{Method, Request, Response};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::InstancePre;
use wasmtime_wasi_http::handler::{Proxy, ProxyPre};
use wasmtime_wasi_http::{p2, p3};

/// The variable with the size of the largest body, in bytes, and its default. The default is the
/// same as the gateway's.
const BODY_LIMIT: &str = "body_limit_bytes";
const DEFAULT_BODY_LIMIT: usize = 1 << 20;

/// A `wasi:http` component that can be called.
pub(crate) struct Composed {
    name: String,
    pool: Arc<Pool<ProxyPre<State>>>,
    streams: Streams,
    background: Background,
    log: Sink,
    /// The limit until an answer is there, and for work after it.
    request: Duration,
    /// The limit for an answer that is a stream.
    stream: Duration,
    body_limit: usize,
}

impl Composed {
    /// Fails unless the component exports `wasi:http/handler@0.3` or
    /// `wasi:http/incoming-handler@0.2`.
    pub(crate) fn new(
        factory: StoreFactory,
        component: InstancePre<State>,
        limits: &Limits,
        background: Background,
    ) -> anyhow::Result<Self> {
        let (name, log) = (factory.grants.component.clone(), factory.log.clone());
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
            name,
            pool: Pool::new(factory, component, limits),
            streams: Streams::new(limits),
            background,
            log,
            request: limits.request,
            stream: limits.stream,
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
        if headers::prepare(&mut request, route, peer).is_err() {
            return problem::answer(Code::MalformedRequest, "The request cannot be parsed");
        }
        // Only the gateway in the component knows the tenant.
        let turn = || match peer.port() {
            // The server itself, which comes from no port. A guest that calls itself must be bounded
            // too, so these calls wait like others.
            0 => "server".to_owned(),
            _ => format!("network {}", gateway::limits::network(peer.ip())),
        };
        let mut lease = match self.pool.take(Turn::Fair(&turn)).await {
            Ok(lease) => lease,
            Err(Fault::Trapped(why)) => return self.fault(&why),
            Err(_) => return full(),
        };
        let memory = lease.instance.store.data().memory.status();
        let run = call::run(&mut lease, request, has_content);
        let CallResult { answer, has_pending_tasks } =
            match tokio::time::timeout(self.request, run).await {
                Ok(Ok(result)) => result,
                Ok(Err(_)) if memory.was_refused() => return full(),
                Ok(Err(error)) => return self.fault(&problem::one_line(&error)),
                Err(_) => {
                    return problem::answer(Code::Timeout, "The function did not answer in time");
                }
            };
        match answer {
            Ok(Answer::Whole(mut response)) => {
                // The answer to a HEAD has the headers of a stream.
                let _ = headers::take_holder(&mut response);
                match has_pending_tasks {
                    true => self.go_on(lease, None, self.request),
                    false => self.pool.put(lease),
                }
                response.map(ResponseBody::full)
            }
            Ok(Answer::Begun(mut response)) => {
                let holder = headers::take_holder(&mut response);
                let (reader, control) = stream::control();
                let stream = match call::is_stream(&response) {
                    false => None,
                    true => match self.streams.open(holder) {
                        Ok(permit) => Some((control, permit)),
                        Err(full) => return headers::refusal(full, response.headers()),
                    },
                };
                self.go_on(lease, stream, self.stream);
                response.map(|body| ResponseBody::Component(body, reader))
            }
            Err(_) if memory.was_refused() => full(),
            Err(error) => self.fault(&problem::one_line(&error)),
        }
    }

    /// Lets an instance work on after its answer.
    fn go_on(
        &self,
        lease: Lease<Proxy>,
        stream: Option<(StreamControl, StreamPermit)>,
        time: Duration,
    ) {
        let work = RemainingWork { pool: self.pool.clone(), lease, stream, time };
        self.background.spawn(work, self.log.clone(), self.name.clone());
    }

    /// Logs what went wrong, which the client does not learn.
    fn fault(&self, why: &str) -> Response<ResponseBody> {
        self.log.emit(|| tracing::error!(component = self.name, "{why}"));
        problem::answer(Code::InternalError, "An unexpected fault of the server")
    }
}

fn full() -> Response<ResponseBody> {
    problem::unavailable("The server is at capacity")
}
