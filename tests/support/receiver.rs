//! A receiver of webhooks in the process of the tests. It records its requests, and answers as the
//! test says.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::net::TcpListener;

/// A request as it was received.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: Instant,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("{name} is sent")).to_str().unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A member of the event that it carries.
    pub fn event(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap().to_owned()
    }
}

/// An answer, and the delay before it.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
    pub delay: Duration,
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), delay: Duration::ZERO }
    }
}

type Script = Arc<dyn Fn(&Received, usize) -> Answer + Send + Sync>;

#[derive(Default)]
struct State {
    received: Vec<Received>,
    answered: Vec<Received>,
    scripts: HashMap<String, Script>,
}

/// A receiver, which ends with the test.
pub struct Receiver {
    pub base: String,
    state: Arc<Mutex<State>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        let listening = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let state = shared.clone();
                let service = hyper::service::service_fn(move |r| answer(state.clone(), r));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { base, state, listening }
    }

    /// Sets the answers for a path. The number counts the requests to the path from 0. Without a
    /// script the answer is 200.
    pub fn script(
        &self,
        path: &str,
        script: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) {
        self.state.lock().scripts.insert(path.to_owned(), Arc::new(script));
    }

    /// Answers with one status after the other, and then always with the last one.
    pub fn statuses(&self, path: &str, statuses: &[u16]) {
        let statuses = statuses.to_vec();
        self.script(path, move |_, n| Answer::status(statuses[n.min(statuses.len() - 1)]));
    }

    /// The requests to a path, in order.
    pub fn received(&self, path: &str) -> Vec<Received> {
        self.state.lock().received.iter().filter(|one| one.path == path).cloned().collect()
    }

    /// The requests that were answered. A request whose sender hung up before that is not among
    /// them.
    pub fn answered(&self, path: &str) -> Vec<Received> {
        self.state.lock().answered.iter().filter(|one| one.path == path).cloned().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn answer(
    state: Arc<Mutex<State>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    // If the sender hangs up in the middle, then the body counts as empty.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let one = Received { path, headers: head.headers, body, at: Instant::now() };
    let (script, number) = {
        let mut state = state.lock();
        let number = state.received.iter().filter(|other| other.path == one.path).count();
        state.received.push(one.clone());
        (state.scripts.get(&one.path).cloned(), number)
    };
    let answer = script.map_or_else(|| Answer::status(200), |script| script(&one, number));
    // If the sender goes away, this task ends here.
    tokio::time::sleep(answer.delay).await;
    state.lock().answered.push(one);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(answer.body))).unwrap())
}
