//! The receiver: takes what is delivered, and notes when.

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

/// How long a slow receiver takes for each answer.
pub(super) const SLOW: Duration = Duration::from_secs(2);
/// What is noted: other events only tell the server to begin.
const NOTED: &str = "project.created";
/// For so many seconds a receiver wants to be left alone that rests: longer than anything here.
const REST: &str = "3600";
/// When nothing has come for so long, what was sent together has come and is recorded.
const QUIET: Duration = Duration::from_millis(500);
/// How long nothing may come while something is to come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is asked. The moments that are noted do not depend on it.
const ASK: Duration = Duration::from_millis(5);

/// One delivery that was taken.
#[derive(Clone)]
pub(super) struct Receipt {
    /// To which endpoint.
    pub(super) endpoint: usize,
    /// The project whose creation it tells.
    pub(super) subject: String,
    /// When all of it was there.
    pub(super) at: Instant,
}

/// A server with a path for each endpoint; it ends when it is dropped.
pub(super) struct Sink {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

struct State {
    receipts: Vec<Receipt>,
    /// When the last request came, of whatever it told.
    last: Instant,
    /// Those who refuse their next request.
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

    /// Where an endpoint gets its deliveries.
    pub(super) fn url(&self, endpoint: usize) -> String {
        format!("http://{}/{endpoint}", self.address)
    }

    /// Has the first endpoints answer their next request with 503 and `Retry-After`, so that
    /// they get nothing from then on until somebody wakes them.
    pub(super) fn rest(&self, endpoints: usize) {
        self.state.lock().resting.extend(0..endpoints);
    }

    /// Waits until all of them rest, and the server knows it.
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

    /// Makes one endpoint answer late, or none.
    pub(super) fn slow(&self, endpoint: Option<usize>) {
        self.state.lock().slow = endpoint;
    }

    /// What has come since the last time, in its order.
    pub(super) fn take(&self) -> Vec<Receipt> {
        std::mem::take(&mut self.state.lock().receipts)
    }

    /// Waits until so much has come since it was last taken.
    ///
    /// # Errors
    /// When nothing comes any more.
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
        // Without it the measurement is a bit worse, and not wrong.
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        let service = service_fn(move |request| answer(state.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// What a delivery carries, as far as it matters here.
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
