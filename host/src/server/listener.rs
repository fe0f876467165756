//! The server: it accepts connections, answers some requests itself, and hands the others to a
//! component.

use crate::config::manifest::Manifest;
use crate::config::options::{Limits, Options};
use crate::guest::outbound::OwnServer;
use crate::http::body::incoming::{BodyTimeout, Incoming, Upload};
use crate::http::body::outgoing::Outgoing;
use crate::http::body::response::ResponseBody;
use crate::http::connections::{ActiveRequest, BodyMemory, ConnectionPermit, Connections, Proxies};
use crate::http::problem;
use crate::http::routes::RouteLine;
use crate::http::send_timeout::SendTimeout;
use crate::http::wire::Wire;
use crate::preflight::settings;
use crate::server::app::App;
use crate::server::probes;
use crate::system::log::Sink;
use crate::system::open_files;
use anyhow::Context as _;
use gateway::Code;
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderValue, Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Body as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::Dispatch;
use tracing::instrument::{Instrument as _, WithSubscriber as _};
use wasmtime_wasi_http::Error;

/// The most headers of one request, and the most bytes of its head. Both are higher than the
/// gateway's limits, so the gateway can say what is wrong. Above them hyper answers 431 without a
/// body.
const MAX_HEADERS: usize = 128;
const MAX_HEAD_BYTES: usize = 64 << 10;
/// How long the server stops accepting connections after accepting has failed.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// A server that runs until it is shut down.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<GracefulShutdown>,
    grace: Duration,
}

struct Shared {
    app: OnceLock<App>,
    stopping: AtomicBool,
    body_timeout: BodyTimeout,
    connections: Arc<Connections>,
    bodies: Arc<BodyMemory>,
    answers: Arc<BodyMemory>,
    proxies: Proxies,
    dispatch: Dispatch,
    head_time: Duration,
    stall_time: Duration,
}

/// Starts a server and returns when every function is ready to answer. While the functions load,
/// `/healthz` answers already and `/readyz` answers 503.
///
/// # Errors
///
/// One sentence that names the file, key or setting that is wrong and says what to do.
pub async fn up(options: Options) -> anyhow::Result<Server> {
    // The settings are checked before anybody can connect.
    let variables = settings::read(&Manifest::of(&options)?, &options)?;
    if let Some(notice) = settings::notice(&variables)? {
        options.report_progress(&notice);
    }
    let log = Sink::open(&options.log)?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("--listen {}: cannot listen there", options.listen))?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared::new(&options.limits, log.dispatch()));
    let (stop, stopped) = watch::channel(false);
    let accepting = accept(listener, shared.clone(), stopped);
    let accepting = tokio::spawn(accepting.with_subscriber(log.dispatch()));
    let own = own_server(&shared, reachable(address), options.limits.request);
    match App::load(&options, own, &log).await {
        Ok(app) => {
            let _ = shared.proxies.set(app.proxies.clone());
            let _ = shared.app.set(app);
            Ok(Server { address, shared, stop, accepting, grace: options.limits.grace })
        }
        Err(error) => {
            accepting.abort();
            Err(error)
        }
    }
}

/// The server as its guests reach it. `time` is the limit for receiving a body.
fn own_server(shared: &Arc<Shared>, address: SocketAddr, time: Duration) -> OwnServer {
    // The requests come from no port.
    let (shared, peer) = (Arc::downgrade(shared), SocketAddr::new(address.ip(), 0));
    OwnServer::new(address, move |request| {
        let shared = shared.clone();
        Box::pin(async move {
            let shared = shared.upgrade().ok_or(Error::ConnectionTerminated)?;
            let has_content = request.method() != Method::HEAD;
            let request = request.map(|body| Incoming::Own(body, time));
            let response = shared.answer(peer, request).await;
            Ok(response.map(|body| match has_content {
                true => body.map_err(|_| Error::ConnectionTerminated).boxed_unsync(),
                false => Empty::new().map_err(|never| match never {}).boxed_unsync(),
            }))
        })
    })
}

/// An address under which the server reaches itself.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, address.port())
}

impl Server {
    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The routes, in the order of the manifest.
    pub fn routes(&self) -> &[RouteLine] {
        self.shared.app.get().map_or(&[], |app| &app.lines)
    }

    /// Accepts no more connections, lets requests in flight finish within the grace period, and
    /// makes all acknowledged writes durable.
    ///
    /// # Errors
    ///
    /// A store could not be written. Writes that did not reach the disk are lost.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.shared.stopping.store(true, Ordering::Release);
        let _ = self.stop.send(true);
        let connections = self.accepting.await?;
        let app = self.shared.app.get();
        let calls = async {
            if let Some(app) = app {
                app.finish_calls().await;
            }
        };
        let rest = futures_util::future::join(connections.shutdown(), calls);
        let _ = tokio::time::timeout(self.grace, rest).await;
        if let Some(app) = app {
            app.close(self.grace).await.map_err(anyhow::Error::msg)?;
        }
        Ok(())
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    loop {
        let (stream, peer) = tokio::select! {
            _ = stopped.changed() => return connections,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The most likely cause is that there are no free file descriptors. Closing
                    // idle connections frees some.
                    tracing::error!("accept: {error}");
                    shared.connections.evict_some();
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            },
        };
        let Some(permit) = shared.connections.admit(peer.ip()) else {
            // The address or the server has too many connections. The connection is reset without
            // an answer, because an answer would cost work.
            let _ = stream.set_zero_linger();
            continue;
        };
        let connection = connections.watch(serve(stream, peer, &permit, shared.clone()));
        tokio::spawn(async move {
            let evicted = permit.evicted();
            tokio::select! {
                // An error here is the client's: it closed the connection early or broke the
                // protocol.
                _ = connection => {}
                () = evicted.cancelled() => {}
            }
            drop(permit);
        });
    }
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    permit: &ConnectionPermit,
    shared: Arc<Shared>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + use<> {
    // With Nagle's algorithm every second small write would wait for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let (wire, body_length) =
        Wire::new(SendTimeout::new(stream, shared.stall_time, permit.state()));
    let (state, head_time) = (permit.state(), shared.head_time);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let length = request.body().size_hint().exact();
        body_length.set(length);
        let is_safe = request.method().is_safe();
        let (state, shared) = (state.clone(), shared.clone());
        async move {
            let active = ActiveRequest::begin(state).await;
            let reservation = shared.bodies.reservation(peer.ip());
            let (request, body_status) =
                Upload::of(request, shared.body_timeout, reservation, active.state());
            let response = shared.answer(peer, request).await;
            let reservation = shared.answers.reservation(peer.ip());
            let mut response = Outgoing::of(response, active, reservation, is_safe)?;
            // If the body is chunked or was not read to its end, then the connection ends after the
            // answer. The header tells the client.
            if length.is_none() || !body_status.is_whole() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, std::io::Error>(response)
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(wire), service)
}

/// Refuses requests that hyper accepts but that a proxy before us may have read differently
/// (RFC 9112 sections 3.2 and 6.1). `http/wire/` has refused the cases that are no longer visible
/// here.
fn unambiguous(request: &Parts) -> Result<(), &'static str> {
    let headers = &request.headers;
    let mut codings = headers.get_all(TRANSFER_ENCODING).into_iter();
    let chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|coding| !chunked(coding)) || codings.next().is_some() {
        return Err("Transfer-Encoding must be `chunked`.");
    }
    let mut hosts = headers.get_all(HOST).into_iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        (None, None) if request.version < Version::HTTP_11 => return Ok(()),
        _ => return Err("A request must have exactly one Host."),
    };
    let named = |host: &HeaderValue| host.to_str().ok()?.parse::<Authority>().ok();
    let Some(host) = named(host).filter(|host| !host.as_str().contains('@')) else {
        return Err("Host must be a name or an address, with or without a port.");
    };
    match request.uri.authority() {
        Some(other) if *other != host => Err("The target and Host name different servers."),
        _ => Ok(()),
    }
}

impl Shared {
    fn new(limits: &Limits, dispatch: Dispatch) -> Self {
        let mut bounds = limits.connections.clone();
        bounds.total = open_files::connections(bounds.total);
        let proxies = Proxies::default();
        let budget = || {
            let (total, each) = (bounds.body_bytes, bounds.body_bytes_per_address);
            BodyMemory::new(total, each, proxies.clone())
        };
        Self {
            app: OnceLock::new(),
            stopping: AtomicBool::new(false),
            body_timeout: BodyTimeout::new(&bounds, limits.request),
            bodies: budget(),
            answers: budget(),
            dispatch,
            head_time: bounds.head,
            stall_time: bounds.stall,
            connections: Connections::new(bounds, proxies.clone()),
            proxies,
        }
    }

    /// Answers a request in a span of its own, and with the subscriber of this server.
    fn answer(
        &self,
        peer: SocketAddr,
        request: Request<Incoming>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        let answer = async move {
            self.route(peer, request).instrument(tracing::info_span!("request")).await
        };
        answer.with_subscriber(self.dispatch.clone())
    }

    async fn route(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<ResponseBody> {
        let (request, body) = request.into_parts();
        let of = |response| problem::of(&request.headers, response);
        if let Err(why) = unambiguous(&request) {
            return of(problem::not_http(why));
        }
        if request.method == Method::CONNECT {
            let message = "No operation has this method.";
            return of(problem::answer(Code::NotImplemented, message));
        }
        let path = gateway::equivalent_path(request.uri.path());
        if matches!(&*path, "/healthz" | "/metrics" | "/readyz") {
            let is_stopping = self.stopping.load(Ordering::Acquire);
            return of(probes::answer(&request, &path, self.app.get(), is_stopping).await);
        }
        let Some(app) = self.app.get() else {
            return of(problem::unavailable("The server is starting"));
        };
        match app.routes.find(&path) {
            None => of(problem::answer(Code::RouteNotFound, "No operation has this path.")),
            Some((route, (component, target))) => {
                let request = Request::from_parts(request, body);
                // The future is large. In a box it is moved once, and not into each future around it.
                let response = Box::pin(target.answer(peer, route, request)).await;
                app.metrics.answered(component.clone(), response.status());
                response
            }
        }
    }
}
