//! Tests with servers that do not answer, and pools without a free connection.

use super::*;
use std::time::Instant;

#[tokio::test]
async fn a_pool_has_an_end() {
    let mut database = database(1).await;
    database.pools = Pools::new(1.try_into().ok(), Duration::from_secs(20));
    database.pools.wait = Duration::from_millis(100);
    let holder = database.open();
    rows(&holder, "SELECT 1").await.expect("the only connection");
    let waiting = database.open();
    let refused = words(rows(&waiting, "SELECT 1").await);
    assert!(refused.contains("none of the 1 connections to"), "{refused}");
    let failed = database.open();
    execute(&failed, "BEGIN").await.expect("begun");
    assert!(words(rows(&failed, "SELECT 1").await).contains("became free"));
    drop(holder);
    assert!(words(rows(&failed, "SELECT 1").await).contains("kind: Closed"), "half of it");
    assert_eq!(only(rows(&waiting, "SELECT 1").await), "1", "a handle survives a refusal");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let database = Database::new("postgres://u:geheim@127.0.0.1:1/d", 1);
    let refused = words(rows(&database.open(), "SELECT 1").await);
    assert!(refused.starts_with("127.0.0.1:1, database d, user u cannot be used: "), "{refused}");
    assert!(refused.contains("refused") && !refused.contains("geheim"), "{refused}");
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let address = format!("postgres://u@127.0.0.1:{port}/d?connect_timeout=1");
    let start = Instant::now();
    let refused = words(rows(&Database::new(&address, 1).open(), "SELECT 1").await);
    assert!(refused.contains("did not answer within 1s"), "{refused}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// A server says that it has no TLS. A client that requires TLS then sends it nothing more. A
/// client that only prefers TLS starts a session.
#[tokio::test]
async fn require_means_tls() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let mut sent = Vec::new();
        for _ in 0..2 {
            let (mut client, _) = listener.accept().await.expect("a client");
            let mut request = [0; 8];
            client.read_exact(&mut request).await.expect("the wish for TLS");
            client.write_all(b"N").await.expect("refused");
            let mut start = [0; 100];
            sent.push(client.read(&mut start).await.expect("nothing or a start"));
        }
        sent
    });
    for mode in ["require", "prefer"] {
        let address = format!("postgres://u@127.0.0.1:{port}/d?sslmode={mode}");
        let refused = words(rows(&Database::new(&address, 1).open(), "SELECT 1").await);
        assert!(refused.contains("cannot be used"), "{refused}");
    }
    let sent = server.await.expect("two clients");
    assert!(sent[0] == 0 && sent[1] > 0, "{sent:?}");
}

#[tokio::test]
async fn a_root_is_a_certificate() {
    for pem in ["", "x", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        assert!(crate::system::tls::certificates(pem).is_err(), "{pem:?}");
    }
}
