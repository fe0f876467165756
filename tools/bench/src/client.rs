//! HTTP/1.1 with as little work as possible, because the clients share the machine with the server.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::frame::{Body, Frame, chunks};

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
    /// The body, as it was sent.
    pub(crate) body: &'a [u8],
    form: Body,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("cannot connect")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 256 << 10] })
    }

    /// Sends a request and reads its answer, which must have a `Content-Length` or be
    /// chunked.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut frame: Option<Frame> = None;
        let (frame, end) = loop {
            ensure!(filled < self.buffer.len(), "the answer is larger than the buffer");
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            ensure!(read > 0, "the server closed the connection");
            filled += read;
            let bytes = &self.buffer[..filled];
            if frame.is_none() {
                frame = Frame::of(bytes)?;
            }
            let Some(frame) = frame else { continue };
            match frame.end(bytes)? {
                Some(end) if filled >= end => break (frame, end),
                _ => {}
            }
        };
        ensure!(filled == end, "the server sent more than one answer");
        let (head, body) = self.buffer[..filled].split_at(frame.head);
        let status = std::str::from_utf8(&head[9..12]).ok().and_then(|status| status.parse().ok());
        Ok(Answer {
            status: status.context("the answer has no status")?,
            head,
            body,
            form: frame.body,
        })
    }
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
        Ok(match self.form {
            Body::Length(_) => serde_json::from_slice(self.body)?,
            Body::Chunked => {
                let chunks = chunks(self.body)?.context("the last chunk is missing")?;
                serde_json::from_slice(&chunks.data.concat())?
            }
        })
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
