//! Destinations of outbound requests of guests. A host that the manifest names may be anywhere. A
//! host that only a pattern grants must be on the internet.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{fixture, fixture_of, probe};
use crate::support::{App, Placement};
use host::Limits;

transport! {
    patterns_reach_public_addresses_only(placement) blocked_networks(placement)
    connections_are_kept(placement) who_gives_up_hangs_up(placement)
    who_calls_itself_is_bounded()
}

/// A server on a loopback address that counts its connections.
struct Listener {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Listener {
    /// Hands each connection to `serve`.
    async fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { port, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads the head of a request. Returns `None` when the connection has ended.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Answers every request of a connection with the target of that request.
async fn echo(mut stream: TcpStream) {
    while let Some(head) = head(&mut stream).await {
        let target = head.split(' ').nth(1).unwrap_or_default();
        let length = target.len();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{target}");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The result of a guest's request to this URL.
async fn fetch(app: &App, url: &str) -> String {
    let (status, text) = probe(app, &format!("fetch?url={url}")).await;
    assert_eq!(status, 200, "{url}: {text}");
    text
}

/// With a pattern, no spelling of this machine's address can be reached. With a grant of its name,
/// it can.
async fn patterns_reach_public_addresses_only(placement: Placement) {
    let listener = Listener::start(echo).await;
    let port = listener.port;
    let grants = r#"allowed_outbound_hosts = ["http://*:*", "https://*:*"]"#;
    let (app, server, _directory) = fixture(placement, grants, Limits::default()).await;
    for host in [
        "127.0.0.1",
        "localhost",
        "0.0.0.0",
        "127.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "10.0.0.1",
    ] {
        let text = fetch(&app, &format!("http://{host}:{port}/")).await;
        assert!(text.contains("DestinationIpProhibited"), "{host}: {text}");
        // Some of these are not names for a certificate, so they are refused earlier.
        let text = fetch(&app, &format!("https://{host}:{port}/")).await;
        assert!(text.starts_with("ErrorCode::"), "{host}: {text}");
    }
    let text = fetch(&app, &format!("http://user:password@127.0.0.1:{port}/")).await;
    assert!(text.contains("UriInvalid"), "{text}");
    server.shutdown().await.unwrap();
    assert_eq!(listener.connections(), 0);

    let grants = format!(r#"allowed_outbound_hosts = ["https://*:*", "http://127.0.0.1:{port}"]"#);
    let (app, server, _directory) = fixture(placement, &grants, Limits::default()).await;
    assert_eq!(fetch(&app, &format!("http://127.0.0.1:{port}/x")).await, "Ok(200 OK) /x");
    let text = fetch(&app, &format!("http://localhost:{port}/")).await;
    assert!(text.contains("HttpRequestDenied"), "no grant at all: {text}");
    server.shutdown().await.unwrap();
    assert_eq!(listener.connections(), 1);
}

/// A network that the operator blocks cannot be reached by name either. Only the gateway still
/// reaches this server itself. A function does so only if it and the gateway are one component, or
/// if it serves the tick.
async fn blocked_networks(placement: Placement) {
    let listener = Listener::start(echo).await;
    let port = listener.port;
    let grants = format!(r#"allowed_outbound_hosts = ["http://self", "http://127.0.0.1:{port}"]"#);
    let block = |options: &mut host::Options| {
        let config = options.data.join("runtime-config.toml");
        std::fs::write(&config, "[outbound_networking]\nblock_networks = [\"127.0.0.0/8\"]\n")
            .unwrap();
        options.runtime_config = Some(config);
    };
    let (app, server, _directory) = fixture_of(placement, &grants, block).await;
    let own = fetch(&app, "http://self.alt/healthz").await;
    assert_eq!(own, r#"Ok(200 OK) {"status":"ok"}"#, "it serves the tick");
    server.shutdown().await.unwrap();

    let (app, server, _directory) = fixture_of(placement, &grants, |options| {
        block(options);
        let text = std::fs::read_to_string(&options.manifest).unwrap();
        std::fs::write(&options.manifest, text.replace("/internal/tick", "/elsewhere")).unwrap();
    })
    .await;
    let text = fetch(&app, &format!("http://127.0.0.1:{port}/")).await;
    assert!(text.contains("DestinationIpProhibited"), "{text}");
    let own = fetch(&app, "http://self.alt/healthz").await;
    match placement {
        Placement::Fused => assert!(own.contains("HttpRequestDenied"), "{own}"),
        Placement::Composed => assert_eq!(own, r#"Ok(200 OK) {"status":"ok"}"#),
    }
    for url in ["https://self.alt/healthz", "https://SELF.alt./healthz"] {
        let own = fetch(&app, url).await;
        assert!(own.contains("HttpRequestDenied"), "{url}: {own}");
    }
    server.shutdown().await.unwrap();
    assert_eq!(listener.connections(), 0);
}

/// A connection serves one request after the other.
async fn connections_are_kept(placement: Placement) {
    let listener = Listener::start(echo).await;
    let port = listener.port;
    let grants = format!(r#"allowed_outbound_hosts = ["http://127.0.0.1:{port}"]"#);
    let (app, server, _directory) = fixture(placement, &grants, Limits::default()).await;
    for _ in 0..10 {
        assert_eq!(fetch(&app, &format!("http://127.0.0.1:{port}/x")).await, "Ok(200 OK) /x");
    }
    assert_eq!(listener.connections(), 1);
    server.shutdown().await.unwrap();
}

/// If a guest drops an answer before its end, or has no time left to wait for one, then the
/// connection is closed.
async fn who_gives_up_hangs_up(placement: Placement) {
    let (told, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let listener = Listener::start(move |mut stream| {
        let told = told.clone();
        async move {
            let head = head(&mut stream).await.unwrap();
            if head.starts_with("GET /begins ") {
                let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nbegun";
                stream.write_all(begun).await.unwrap();
            }
            // The peer sends nothing more, and then closes the connection.
            let left = stream.read_u8().await;
            let _ = told.send(left.is_err());
        }
    })
    .await;
    let port = listener.port;
    let grants = format!(r#"allowed_outbound_hosts = ["http://127.0.0.1:{port}"]"#);
    let limits = Limits { request: Duration::from_secs(2), ..Limits::default() };
    let (app, server, _directory) = fixture(placement, &grants, limits).await;
    for (target, status) in [("begins", 200), ("is-silent", 504)] {
        let url = format!("http://127.0.0.1:{port}/{target}");
        assert_eq!(probe(&app, &format!("fetch-head?url={url}")).await.0, status, "{target}");
        let left = tokio::time::timeout(Duration::from_secs(10), ended.recv()).await;
        assert_eq!(left.expect("the connection ends"), Some(true), "{target}");
    }
    server.shutdown().await.unwrap();
}

/// A guest that calls itself takes an instance for each level. When there is no other, the innermost
/// call is refused, and the server goes on.
async fn who_calls_itself_is_bounded() {
    let limits = Limits {
        max_instances: 2,
        max_queue_wait: Duration::from_millis(100),
        ..Limits::default()
    };
    let grants = r#"allowed_outbound_hosts = ["http://self"]"#;
    let (app, server, _directory) = fixture(Placement::Composed, grants, limits).await;
    let own = |what: &str| format!("http://self.alt/api/v1/probe/{what}");
    assert_eq!(fetch(&app, &own("echo")).await, "Ok(200 OK) echo");
    let inner = own("echo").replace(':', "%3A").replace('/', "%2F");
    // The test's own client encodes nothing, so the inner URL is encoded twice.
    let outer = own(&format!("fetch?url={}", inner.replace('%', "%25")));
    let text = fetch(&app, &outer.replace('?', "%3F").replace('=', "%3D")).await;
    assert!(text.starts_with("Ok(200 OK) Ok(503 Service Unavailable) "), "{text}");
    assert_eq!(fetch(&app, &own("echo")).await, "Ok(200 OK) echo");
    server.shutdown().await.unwrap();
}
