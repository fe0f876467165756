//! HTTP/1.1 with as little work as possible, because the clients share the machine with the server.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A kept-alive connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, in the buffer of its connection.
pub(crate) struct Answer<'a> {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: &'a [u8],
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 256 << 10] })
    }

    /// Sends a request and reads its answer, which must have a `Content-Length`.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut whole: Option<(usize, usize)> = None;
        let (head, length) = loop {
            ensure!(filled < self.buffer.len(), "the answer is larger than the buffer");
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            if whole.is_none() {
                whole = frame(&self.buffer[..filled])?;
            }
            match whole {
                Some((head, length)) if filled >= head + length => break (head, length),
                _ => {}
            }
        };
        ensure!(filled == head + length, "the server sent more than one answer");
        let (head, body) = self.buffer[..filled].split_at(head);
        let status = std::str::from_utf8(&head[9..12]).ok().and_then(|status| status.parse().ok());
        Ok(Answer { status: status.context("the answer has no status")?, head, body })
    }
}

/// The end of the head and the length of the body, once the head is complete.
fn frame(bytes: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
    let head = &bytes[..end + 4];
    ensure!(head.starts_with(b"HTTP/1.1 ") && head.len() > 13, "this is not HTTP/1.1");
    if &head[9..12] == b"304" {
        return Ok(Some((head.len(), 0)));
    }
    // hyper, on both sides of the comparison, writes names in lower case.
    let Some(at) = memmem::find(head, b"\r\ncontent-length: ") else {
        bail!("the answer has no content-length: {}", String::from_utf8_lossy(head));
    };
    let digits = head[at + 18..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Ok(Some((head.len(), length)))
}

impl Answer<'_> {
    /// The headers, sorted, with names in lower case.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let head = String::from_utf8_lossy(self.head);
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let mut headers: Vec<_> = lines
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        headers.sort();
        headers
    }

    /// The body as JSON, if the status is the expected one.
    ///
    /// # Errors
    /// The status and the body, if the status is another.
    pub(crate) fn json(&self, status: u16) -> anyhow::Result<serde_json::Value> {
        self.expect(status)?;
        Ok(serde_json::from_slice(self.body)?)
    }

    /// Checks that the status is the expected one.
    ///
    /// # Errors
    /// The status and the body, if the status is another.
    pub(crate) fn expect(&self, status: u16) -> anyhow::Result<()> {
        if self.status == status {
            return Ok(());
        }
        bail!("{} instead of {status}: {}", self.status, String::from_utf8_lossy(self.body))
    }
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn a_head_is_framed_when_it_is_whole() {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\nx: y\r\n\r\n";
        assert_eq!(frame(&head[..20]).expect("valid"), None);
        assert_eq!(frame(head).expect("valid"), Some((head.len(), 12)));
        let known = b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\n\r\n";
        assert_eq!(frame(known).expect("valid"), Some((known.len(), 0)));
        assert!(frame(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
