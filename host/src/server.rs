//! The server: accepts connections, answers for itself, and hands the rest to a component.

use crate::app::{App, Target};
use crate::http_body::{Incoming, ResponseBody};
use crate::log::Sink;
use crate::options::Options;
use crate::problem;
use anyhow::Context as _;
use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Time for the head of a request, and for the next one on a connection kept open.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Headers of one request.
const HEADERS: usize = 100;
/// Bytes of the head of one request.
const HEAD: usize = 64 << 10;
/// Open connections.
const CONNECTIONS: usize = 10_000;

/// A server that runs until it is shut down.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    accepting: JoinHandle<GracefulShutdown>,
    grace: Duration,
}

/// A line of the route table.
#[derive(Clone, Debug)]
pub struct RouteLine {
    /// The component that answers.
    pub component: String,
    /// The path, without the wildcard.
    pub path: String,
    /// Whether every path below it is meant too.
    pub wildcard: bool,
}

struct Shared {
    app: OnceLock<App>,
    stopping: AtomicBool,
    body_time: Duration,
}

/// Brings a bundle up and returns when every function is ready to answer. While it loads,
/// `/healthz` answers already and `/readyz` says 503.
///
/// # Errors
///
/// One sentence that names the file, key or setting that is wrong and what to do.
pub async fn up(options: Options) -> anyhow::Result<Server> {
    let log = Sink::open(&options.log)?;
    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("--listen {}: cannot listen there", options.listen))?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared {
        app: OnceLock::new(),
        stopping: AtomicBool::new(false),
        body_time: options.limits.request,
    });
    let (stop, stopped) = watch::channel(false);
    let accepting = tokio::spawn(accept(listener, shared.clone(), stopped, log.clone()));
    match App::load(&options, reachable(address), &log).await {
        Ok(app) => {
            let _ = shared.app.set(app);
            Ok(Server { address, shared, stop, accepting, grace: options.limits.grace })
        }
        Err(error) => {
            accepting.abort();
            Err(error)
        }
    }
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
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The routes, in the order of the manifest.
    pub fn routes(&self) -> &[RouteLine] {
        self.shared.app.get().map_or(&[], |app| &app.lines)
    }

    /// Takes no more connections, lets requests in flight finish within the grace, and
    /// makes everything durable that was acknowledged.
    ///
    /// # Errors
    ///
    /// When a store could not be written; what was not written is lost.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        self.shared.stopping.store(true, Ordering::Release);
        let _ = self.stop.send(true);
        let connections = self.accepting.await?;
        let _ = tokio::time::timeout(self.grace, connections.shutdown()).await;
        if let Some(app) = self.shared.app.get() {
            app.close(self.grace).await.map_err(anyhow::Error::msg)?;
        }
        Ok(())
    }
}

async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stopped: watch::Receiver<bool>,
    log: Sink,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let accepted = async {
            let permit = room.clone().acquire_owned().await;
            listener.accept().await.map(|(stream, peer)| (stream, peer, permit))
        };
        let (stream, peer, permit) = tokio::select! {
            _ = stopped.changed() => return connections,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: wait for some to be closed.
                    log.event("error", None, &format!("accept: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let connection = connections.watch(serve(stream, peer, shared.clone()));
        tokio::spawn(async move {
            // The error is the client's: it broke off or broke the protocol.
            let _ = connection.await;
            drop(permit);
        });
    }
}

fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send {
    // Without it every second small write waits for the client's acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(shared.answer(peer, request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(HEAD)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), service)
}

impl Shared {
    async fn answer(
        &self,
        peer: SocketAddr,
        request: Request<hyper::body::Incoming>,
    ) -> Response<ResponseBody> {
        let path = request.uri().path();
        if matches!(path, "/healthz" | "/readyz") {
            return self.report(request.method(), path).await;
        }
        let Some(app) = self.app.get() else {
            return problem::unavailable("The server is starting");
        };
        match app.routes.find(path) {
            None => problem::answer(StatusCode::NOT_FOUND, "route_not_found", "No such route"),
            Some((_, Target::Fused(fused))) => {
                let (parts, body) = request.into_parts();
                let body = Incoming { body, time: self.body_time };
                fused.handle(peer.ip(), parts, body).await
            }
            Some((route, Target::Composed(composed))) => {
                composed.handle(peer, route, request).await
            }
        }
    }

    /// `/healthz` and `/readyz`.
    async fn report(&self, method: &Method, path: &str) -> Response<ResponseBody> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            let status = StatusCode::METHOD_NOT_ALLOWED;
            let mut response =
                problem::answer(status, "method_not_allowed", "Only GET is answered here");
            response
                .headers_mut()
                .insert(http::header::ALLOW, http::HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        if path == "/healthz" {
            return problem::json(StatusCode::OK, &serde_json::json!({ "status": "ok" }));
        }
        let state = match self.app.get() {
            _ if self.stopping.load(Ordering::Acquire) => Err("stopping"),
            None => Err("starting"),
            Some(app) => app.check().await.map_err(|_| "a store does not answer"),
        };
        match state {
            Ok(()) => problem::json(StatusCode::OK, &serde_json::json!({ "status": "ready" })),
            Err(why) => problem::unavailable(&format!("The server is not ready: {why}")),
        }
    }
}
