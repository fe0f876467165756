//! Streams that do not end by themselves: how many instances they hold, and for how long.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{fixture, probe};
use crate::support::{App, Placement};
use host::Limits;

transport! { who_leaves_frees_the_instance(placement) streams_are_bounded(placement) }

const GRANTS: &str = r#"key_value_stores = ["default"]"#;

/// A client at 127.0.0.`last` that reads the first piece of an endless stream.
async fn follow(app: &App, last: u8) -> TcpStream {
    let address = app.base.strip_prefix("http://").unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    let mut stream = socket.connect(address.parse().unwrap()).await.unwrap();
    let request = format!("GET /api/v1/probe/endless HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while !seen.windows(4).any(|part| part == b"more") {
        seen.push(stream.read_u8().await.unwrap());
    }
    assert!(seen.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&seen));
    stream
}

/// When a client leaves, its instance ends, and another instance serves others.
async fn who_leaves_frees_the_instance(placement: Placement) {
    let limits = Limits {
        max_instances: 1,
        max_queue_wait: Duration::from_millis(100),
        ..Limits::default()
    };
    let (app, server, _directory) = fixture(placement, GRANTS, limits).await;
    for _ in 0..3 {
        let stream = follow(&app, 2).await;
        assert_eq!(probe(&app, "echo").await.0, 503, "the one instance is taken");
        drop(stream);
        let free = async {
            while probe(&app, "echo").await.0 != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), free).await.expect("it is free at once");
    }
    server.shutdown().await.unwrap();
}

/// Streams have a bound of their own. Further streams are refused, and other requests are served.
async fn streams_are_bounded(placement: Placement) {
    let limits = Limits { max_streams: 2, ..Limits::default() };
    let (app, server, _directory) = fixture(placement, GRANTS, limits).await;
    let first = follow(&app, 2).await;
    let _second = follow(&app, 3).await;
    let (status, text) = probe(&app, "endless").await;
    assert_eq!(status, 503, "{text}");
    assert!(text.contains("\"error\":\"service_unavailable\""), "{text}");
    assert_eq!(probe(&app, "echo").await, (200, "echo".to_owned()));
    drop(first);
    let free = async {
        while probe(&app, "stream").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), free).await.expect("there is room for another");
    server.shutdown().await.unwrap();
}
