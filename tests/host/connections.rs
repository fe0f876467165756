//! Connections that are idle, or as slow as they can be: other clients are answered, and these
//! connections are closed in the end.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::fixture;
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{App, Placement};
use host::{Connections, Limits, Server};

transport! {
    an_answer_that_nobody_takes_holds_no_instance(placement) an_address_has_its_part()
    a_full_server_answers_who_has_few() the_slow_are_closed_in_the_end()
}

const GET: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
/// Longer than anything here takes, and shorter than the time limits that are not under test.
const SOON: Duration = Duration::from_secs(8);

/// A server with these limits. The placements do not differ here.
async fn server(connections: Connections) -> (App, Server, tempfile::TempDir) {
    let limits = Limits { connections, ..Limits::default() };
    fixture(Placement::Fused, r#"key_value_stores = ["default"]"#, limits).await
}

/// A connection from 127.0.0.`last`.
async fn from(app: &App, last: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, last], 0))).unwrap();
    let server = app.base.strip_prefix("http://").unwrap().parse().unwrap();
    let stream = socket.connect(server).await.unwrap();
    // The pause lets the server accept this connection before the next one comes.
    tokio::time::sleep(Duration::from_millis(2)).await;
    stream
}

/// Whether the server answers a request on this connection.
async fn answers(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 15];
    let asked = async {
        stream.write_all(GET).await?;
        stream.read_exact(&mut answer).await
    };
    let asked = tokio::time::timeout(SOON, asked).await.expect("an answer or an end");
    asked.is_ok() && &answer == b"HTTP/1.1 200 OK"
}

/// Whether the server closes the connection.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = [0; 4096];
    let read = async { while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {} };
    tokio::time::timeout(SOON, read).await.is_ok()
}

/// Each address may have a bounded number of connections. Beyond that, those that have waited
/// longest for their client are closed.
async fn an_address_has_its_part() {
    let connections = Connections { per_address: 5, ..Connections::default() };
    let (app, server, _directory) = server(connections).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(from(&app, 2).await);
    }
    let mut fresh = from(&app, 2).await;
    assert!(answers(&mut fresh).await);
    for stream in &mut idle[..25] {
        assert!(ends(stream).await);
    }
    let mut other = from(&app, 3).await;
    assert!(answers(&mut other).await);
    server.shutdown().await.unwrap();
}

/// A server that is full of connections still answers clients that have few of them.
async fn a_full_server_answers_who_has_few() {
    let connections = Connections { total: 40, ..Connections::default() };
    let (app, server, _directory) = server(connections).await;
    let mut held = Vec::new();
    for number in 0..120 {
        let mut stream = from(&app, 10 + number % 10).await;
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /healthz HT").await;
        }
        held.push(stream);
    }
    for _ in 0..20 {
        let mut operator = from(&app, 1).await;
        assert!(answers(&mut operator).await);
    }
    server.shutdown().await.unwrap();
}

/// Clients that do not read their answers hold no instance: with two instances and many times as
/// many such clients, others are answered.
async fn an_answer_that_nobody_takes_holds_no_instance(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.components = vec!["docs".to_owned()];
    options.limits.max_instances = 2;
    options.limits.max_queue_wait = Duration::from_millis(200);
    let (app, server) = start(options).await;
    let path = "/api/v1/openapi.json";
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = from(&app, 2).await;
        let asks = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(3);
        stream.write_all(asks.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    let ask =
        async || app.anon().try_send(http::Method::GET, path, &[], None).await.unwrap().status;
    // At first the instances work for these clients, one after the other.
    let answered = async { while ask().await != 200 {} };
    assert!(tokio::time::timeout(SOON, answered).await.is_ok());
    for _ in 0..5 {
        assert_eq!(ask().await, 200);
    }
    drop(silent);
    server.shutdown().await.unwrap();
}

/// A connection is closed if its client does not finish a request head, or does not read its
/// answers.
async fn the_slow_are_closed_in_the_end() {
    let short = Duration::from_millis(500);
    let connections = Connections { head: short, stall: short, ..Connections::default() };
    let (app, server, _directory) = server(connections).await;
    let mut half = from(&app, 2).await;
    half.write_all(b"GET /healthz HT").await.unwrap();
    assert!(ends(&mut half).await);
    let mut silent = from(&app, 2).await;
    assert!(ends(&mut silent).await);
    // This client sends requests all the time, and reads nothing. Once the buffers between are
    // full, nobody takes the answers, and the connection is reset.
    let mut greedy = from(&app, 3).await;
    let asks = async { while greedy.write_all(&GET.repeat(100)).await.is_ok() {} };
    assert!(tokio::time::timeout(SOON * 2, asks).await.is_ok());
    server.shutdown().await.unwrap();
}
