//! Calls that must wait for an instance take turns by tenant, or by network if the caller has no
//! credential (ADR 14). Nobody fills the queue alone.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use super::fixture;
use crate::support::{App, Client, Placement};
use host::{Limits, Server};

transport! {
    networks_take_turns(placement) nobody_fills_the_queue_alone(placement)
}

const COUNT: &str = "/api/v1/probe/count";
/// Eight calls may wait for one instance, and one network may have as many as it leaves free.
const OWN_PART: usize = 4;
/// Time enough for a request to come into the queue.
const QUEUED: Duration = Duration::from_millis(500);

/// A server with one instance, and a call that holds it until `release`.
struct Busy {
    app: App,
    server: Server,
    release: Arc<Notify>,
    first: tokio::task::JoinHandle<u16>,
    _directory: tempfile::TempDir,
}

impl Busy {
    async fn start(placement: Placement) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let grants = format!(
            "key_value_stores = [\"default\"]\nallowed_outbound_hosts = [\"http://127.0.0.1:{port}\"]"
        );
        let limits = Limits {
            max_instances: 1,
            max_queue_wait: Duration::from_secs(60),
            ..Limits::default()
        };
        let (app, server, directory) = fixture(placement, &grants, limits).await;
        let path = format!("/api/v1/probe/fetch?url=http://127.0.0.1:{port}/");
        let client = app.anon();
        let first = tokio::spawn(async move {
            client.try_send(Method::GET, &path, &[], None).await.unwrap().status
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let release = Arc::new(Notify::new());
        let released = release.clone();
        tokio::spawn(async move {
            released.notified().await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        Self { app, server, release, first, _directory: directory }
    }

    /// Ends the first call. Everything that waits is served then.
    async fn end(self) -> Server {
        self.release.notify_one();
        assert_eq!(self.first.await.unwrap(), 200);
        self.server
    }
}

/// Asks the function to count its calls. Returns the status and the text.
fn count(client: Client) -> tokio::task::JoinHandle<(u16, String)> {
    tokio::spawn(async move {
        let answer = client.try_send(Method::GET, COUNT, &[], None).await.unwrap();
        if answer.status == 503 {
            assert!(answer.header("retry-after").is_some());
        }
        (answer.status, answer.text)
    })
}

/// One network fills its part of the queue before a call of another network comes. The function
/// counts its calls, so the answer tells the order.
async fn networks_take_turns(placement: Placement) {
    let busy = Busy::start(placement).await;
    let flood: Vec<_> = (0..OWN_PART).map(|_| count(busy.app.anon().at(2))).collect();
    tokio::time::sleep(QUEUED).await;
    let quiet = count(busy.app.anon().at(3));
    tokio::time::sleep(QUEUED).await;
    let server = busy.end().await;
    let (status, order) = quiet.await.unwrap();
    assert_eq!(status, 200, "{order}");
    assert!(order.parse::<u32>().unwrap() <= 2, "it was number {order}");
    for call in flood {
        let (status, text) = call.await.unwrap();
        assert_eq!(status, 200, "{text}");
    }
    server.shutdown().await.unwrap();
}

/// A call beyond the part of its network is refused with 503 and `Retry-After`, and does nothing.
/// Another network still finds room.
async fn nobody_fills_the_queue_alone(placement: Placement) {
    let busy = Busy::start(placement).await;
    let waiting: Vec<_> = (0..OWN_PART).map(|_| count(busy.app.anon().at(2))).collect();
    tokio::time::sleep(QUEUED).await;
    for _ in 0..3 {
        let (status, text) = count(busy.app.anon().at(2)).await.unwrap();
        assert_eq!(status, 503, "{text}");
    }
    let other = count(busy.app.anon().at(3));
    tokio::time::sleep(QUEUED).await;
    let app = busy.app.clone();
    let server = busy.end().await;
    for call in waiting.into_iter().chain([other]) {
        let (status, text) = call.await.unwrap();
        assert_eq!(status, 200, "{text}");
    }
    let (status, calls) = count(app.anon()).await.unwrap();
    assert_eq!((status, calls), (200, (OWN_PART + 2).to_string()), "the refused ones never ran");
    server.shutdown().await.unwrap();
}
