//! Requests over a socket of their own, for details that an HTTP client hides: bytes after the
//! answer to HEAD, the body of a 304, and field values that it refuses to send.

use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Ask, RETRIES};
use crate::fields::date::retry_after;

/// An answer, byte by byte.
pub(crate) struct Raw {
    pub(crate) status: u16,
    head: String,
    /// The bytes after the empty line until the server closed the connection.
    pub(crate) body: Vec<u8>,
}

/// Long enough for a slow server that closes its connection when it has answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends the request on a connection that ends with it. `None` for https. After a 429 it waits and
/// tries again.
pub(crate) async fn send(ask: Ask<'_>) -> anyhow::Result<Option<Raw>> {
    for _ in 0..RETRIES {
        match once(&ask).await? {
            Some(Raw { status: 429, head, .. }) => {
                let line = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("retry-after").then(|| value.trim())
                });
                ask.wait(line.and_then(|value| retry_after(value).ok())).await?;
            }
            answer => return Ok(answer),
        }
    }
    anyhow::bail!("{} {} is answered 429 again and again", ask.method, ask.path)
}

async fn once(ask: &Ask<'_>) -> anyhow::Result<Option<Raw>> {
    let url = reqwest::Url::parse(&format!("{}{}", ask.server.base, ask.path))?;
    if url.scheme() != "http" {
        return Ok(None);
    }
    let host = url.host_str().context("the base URL has no host")?;
    let port = url.port_or_known_default().unwrap_or(80);
    let target = path_and_query(&url);
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: {host}:{port}\r\n", ask.method);
    for (name, value) in &ask.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = ask.body.clone().unwrap_or_default();
    if ask.body.is_some() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    head += "connection: close\r\n\r\n";
    let exchange = async {
        let name = host.trim_matches(['[', ']']);
        let mut stream = TcpStream::connect((name, port)).await?;
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        let mut bytes = Vec::new();
        // A reset after the answer ends it too.
        if let Err(error) = stream.read_to_end(&mut bytes).await
            && bytes.is_empty()
        {
            return Err(error);
        }
        Ok(bytes)
    };
    let bytes = tokio::time::timeout(PATIENCE, exchange)
        .await
        .with_context(|| format!("{} {} does not end", ask.method, ask.path))??;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("no HTTP answer")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no status line: {head}"))?;
    Ok(Some(Raw { status, head, body: bytes[end + 4..].to_vec() }))
}

/// The target in the request line.
pub(crate) fn path_and_query(url: &reqwest::Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
