//! The receiver: it accepts deliveries, and records when they came.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The delay of each answer of a slow receiver.
pub(super) const SLOW: Duration = Duration::from_secs(2);
/// The type of event that is recorded. Other events only make the server begin.
const NOTED: &str = "project.created";
/// The seconds for which a resting receiver asks to get nothing, which is longer than anything here
/// takes.
const REST: &str = "3600";
/// If nothing has come for this long, then all deliveries that were sent together have come and are
/// recorded.
const QUIET: Duration = Duration::from_millis(500);
/// The longest time in which nothing may come while a delivery is expected.
const PATIENCE: Duration = Duration::from_secs(60);
/// The interval at which a waiting measurement checks the receiver. The recorded times do not
/// depend on it.
const ASK: Duration = Duration::from_millis(5);

/// One recorded delivery.
#[derive(Clone)]
pub(super) struct Receipt {
    /// The endpoint of the delivery.
    pub(super) endpoint: usize,
    /// The project that was created.
    pub(super) subject: String,
    /// The time when the whole request had come.
    pub(super) at: Instant,
}

/// A server with a path for each endpoint. It ends when it is dropped.
pub(super) struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

struct State {
    receipts: Vec<Receipt>,
    /// The time of the last request, whatever its event was.
    last: Instant,
    /// The endpoints that will refuse their next request.
    resting: HashSet<usize>,
    slow: Option<usize>,
}

impl Sink {
    /// Listens on the loopback address.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State {
            receipts: Vec::new(),
            last: Instant::now(),
            resting: HashSet::new(),
            slow: None,
        }));
        let listening = tokio::spawn(listen(listener, state.clone()));
        Ok(Self { address, state, listening })
    }

    /// The URL of an endpoint.
    pub(super) fn url(&self, endpoint: usize) -> String {
        format!("http://{}/{endpoint}", self.address)
    }

    /// Makes the first endpoints answer their next request with 503 and `Retry-After`, so that they
    /// get nothing from then on until somebody wakes them.
    pub(super) fn rest(&self, endpoints: usize) {
        self.state.lock().resting.extend(0..endpoints);
    }

    /// Waits until all resting endpoints have refused a request, and the server has recorded that.
    pub(super) async fn settled(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let (waiting, last) = {
                let state = self.state.lock();
                (state.resting.len(), state.last)
            };
            if waiting == 0 && last.elapsed() >= QUIET {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "{waiting} endpoints got nothing to refuse");
            tokio::time::sleep(ASK).await;
        }
    }

    /// Makes one endpoint answer late, or no endpoint.
    pub(super) fn slow(&self, endpoint: Option<usize>) {
        self.state.lock().slow = endpoint;
    }

    /// Takes the deliveries that came since the last call, in order.
    pub(super) fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut self.state.lock().receipts)
    }

    /// Waits until this many deliveries have come since the last [`Sink::take`].
    ///
    /// # Errors
    /// If no more deliveries come.
    pub(super) async fn wait(&self, count: usize) -> anyhow::Result<()> {
        let (mut had, mut since) = (0, Instant::now());
        loop {
            let have = self.state.lock().receipts.len();
            if have >= count {
                return Ok(());
            }
            if have > had {
                (had, since) = (have, Instant::now());
            }
            ensure!(since.elapsed() < PATIENCE, "{have} of {count} deliveries came, and no more");
            tokio::time::sleep(ASK).await;
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        // Without it the measurement is slightly less precise, but not wrong.
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The members of a delivered event that matter here.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    subject: String,
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes);
    let at = Instant::now();
    let endpoint = head.uri.path().trim_start_matches('/').parse().ok();
    let event = body.ok().and_then(|body| serde_json::from_slice::<Event>(&body).ok());
    let (Some(endpoint), Some(Event { kind, subject })) = (endpoint, event) else {
        return Ok(status(StatusCode::BAD_REQUEST));
    };
    let late = {
        let mut state = state.lock();
        state.last = at;
        if state.resting.remove(&endpoint) {
            let mut refusal = status(StatusCode::SERVICE_UNAVAILABLE);
            refusal.headers_mut().insert("retry-after", http::HeaderValue::from_static(REST));
            return Ok(refusal);
        }
        if kind == NOTED {
            state.receipts.push(Receipt { endpoint, subject, at });
        }
        state.slow == Some(endpoint)
    };
    if late {
        tokio::time::sleep(SLOW).await;
    }
    Ok(status(StatusCode::NO_CONTENT))
}

fn status(status: StatusCode) -> Response<Empty<Bytes>> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    response
}
