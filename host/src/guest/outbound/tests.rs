//! Tests with servers on this machine that behave well, behave badly, or do not answer.

use super::*;
use bytes::Bytes;
use http_body_util::Empty;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const SHORT: Duration = Duration::from_millis(100);

fn clients(roots: RootCertStore) -> Clients {
    Clients::new(Blocked::default(), roots).expect("clients")
}

/// Sends a request without a body, with short timeouts.
async fn get(clients: &Clients, grant: HostGrant, url: String) -> Result<(u16, Bytes), Error> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(url).body(body).expect("a request");
    let options = RequestOptions {
        connect_timeout: Some(Duration::from_secs(10)),
        first_byte_timeout: Some(Duration::from_secs(10)),
        between_bytes_timeout: Some(SHORT),
    };
    let response = clients.send(grant, request, Some(options)).await?;
    let status = response.status().as_u16();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Answers one request with these bytes, and then closes the connection if `ends` is set.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8], ends: bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a request"));
    }
    stream.write_all(bytes).await.expect("it is read");
    stream.flush().await.expect("it is read");
    if !ends {
        std::future::pending::<()>().await;
    }
}

/// The port of a server that gives this answer to every request.
async fn server(bytes: &'static [u8], ends: bool) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, bytes, ends));
        }
    });
    port
}

async fn fails(bytes: &'static [u8], ends: bool) -> Error {
    let url = format!("http://127.0.0.1:{}/", server(bytes, ends).await);
    let answer = get(&clients(RootCertStore::empty()), HostGrant::Named, url).await;
    answer.expect_err("no whole answer")
}

#[tokio::test]
async fn redirects_are_answers() {
    let redirect =
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n";
    let url = format!("http://127.0.0.1:{}/", server(redirect, true).await);
    let answer = get(&clients(RootCertStore::empty()), HostGrant::Named, url).await;
    assert_eq!(answer.expect("an answer"), (302, Bytes::new()));
}

#[tokio::test]
async fn a_guest_is_told_what_went_wrong() {
    assert!(matches!(fails(b"", true).await, Error::ConnectionTerminated));
    let stalls = fails(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", false).await;
    assert!(matches!(stalls, Error::ConnectionReadTimeout), "{stalls}");
    let breaks_off = fails(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx", true).await;
    assert!(matches!(breaks_off, Error::Hyper(_)), "{breaks_off}");
    let clients = clients(RootCertStore::empty());
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}/", nobody.local_addr().expect("an address"));
    drop(nobody);
    let refused = get(&clients, HostGrant::Named, url).await.expect_err("nobody listens");
    assert!(matches!(refused, Error::Connect(_)), "{refused}");
}

#[tokio::test]
async fn silence_is_waited_for_as_long_as_the_guest_says() {
    let url = format!("http://127.0.0.1:{}/", server(b"", false).await);
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::get(url).body(body).expect("a request");
    let options = RequestOptions {
        connect_timeout: None,
        first_byte_timeout: Some(SHORT),
        between_bytes_timeout: None,
    };
    let silent =
        clients(RootCertStore::empty()).send(HostGrant::Named, request, Some(options)).await;
    assert!(matches!(silent, Err(Error::ConnectionReadTimeout)));
}

/// A server with a certificate for `localhost` that only its own root vouches for.
#[tokio::test]
async fn certificates_are_verified() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| {
            config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key)
        });
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a configuration")));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true).await;
            }
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let url = |host: &str| format!("https://{host}:{port}/");
    let believed = clients(roots);
    let answer = get(&believed, HostGrant::Named, url("localhost")).await;
    assert_eq!(answer.expect("an answer"), (200, Bytes::from_static(b"ok")));
    let error = get(&believed, HostGrant::Named, url("127.0.0.1")).await.expect_err("another name");
    assert!(matches!(error, Error::Tls(_)), "{error}");
    let error = get(&believed, HostGrant::Matched, url("localhost")).await.expect_err("not public");
    assert!(matches!(error, Error::DestinationIpProhibited), "{error}");
    let strange = clients(RootCertStore::empty());
    let error = get(&strange, HostGrant::Named, url("localhost")).await.expect_err("no root");
    assert!(matches!(error, Error::Tls(_)), "{error}");
}
