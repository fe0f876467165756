//! Checks the bytes of a connection before hyper reads them, against request smuggling. hyper
//! accepts everything that RFC 9112 allows it to accept. A proxy before us may read some of that
//! differently and see other requests than we do. So a head is refused if it has
//!
//! - a line that ends with a lone LF, or a lone CR (section 2.2);
//! - both a length and a transfer coding, or two transfer codings (section 6.1);
//! - a fragment in the target (section 3.2).
//!
//! To refuse a head, the offending byte is replaced by NUL. hyper then answers 400 and closes the
//! connection. hyper gets one head at a time. It gets the bytes after the head only when the length
//! of the body is known ([`BodyLength`]). So a body is never taken for a head, or a head for a body.

mod head;

use self::head::{Head, Scan};
use crate::http::linger::Linger;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The service has not told the length of the body yet.
const UNKNOWN: u64 = u64::MAX;
/// The body is chunked. Nothing after it is read as a head.
const CHUNKED: u64 = u64::MAX - 1;
/// Completes a refused head, so that hyper parses it.
const END: &[u8] = b"\r\n\r\n";

/// The length of the body after a head, which the service sets.
#[derive(Clone)]
pub(crate) struct BodyLength(Arc<AtomicU64>);

impl BodyLength {
    /// Must be called for each request before its body is read. `None` means a chunked body; then
    /// the answer must close the connection.
    pub(crate) fn set(&self, length: Option<u64>) {
        self.0.store(length.map_or(CHUNKED, |length| length.min(CHUNKED)), Ordering::Release);
    }
}

/// A connection whose heads are checked.
pub(crate) struct Wire<S> {
    stream: S,
    body_length: BodyLength,
    at: ParseState,
    /// Bytes that were read but that hyper may not have yet.
    kept: BytesMut,
    linger: Option<Linger>,
}

/// The part of the stream that the next bytes belong to.
enum ParseState {
    Head(Head),
    /// The bytes after a head; the length of the body is not told yet.
    BehindHead,
    Body(u64),
    /// Bytes of a chunked body, until the connection ends.
    Chunks,
    Refused,
}

impl<S> Wire<S> {
    /// Wraps a connection. The second value is for telling the lengths of bodies.
    pub(crate) fn new(stream: S) -> (Self, BodyLength) {
        let body_length = BodyLength(Arc::new(AtomicU64::new(UNKNOWN)));
        let (at, kept) = (ParseState::Head(Head::default()), BytesMut::new());
        (Self { stream, body_length: body_length.clone(), at, kept, linger: None }, body_length)
    }

    /// Whether everything that the client has sent so far was read.
    fn is_settled(&self) -> bool {
        let nothing_more = match &self.at {
            ParseState::Head(head) => !head.has_begun(),
            ParseState::BehindHead => self.body_length.0.load(Ordering::Acquire) == 0,
            ParseState::Body(_) | ParseState::Chunks | ParseState::Refused => false,
        };
        nothing_more && self.kept.is_empty()
    }

    /// How many of `bytes` hyper may have now, at least one. May change the bytes.
    fn admit(&mut self, bytes: &mut [u8]) -> usize {
        match &mut self.at {
            ParseState::Head(head) => match head.scan(bytes) {
                Scan::Further => bytes.len(),
                Scan::End(end) => {
                    self.at = ParseState::BehindHead;
                    end
                }
                Scan::Refused(at) => {
                    bytes[at] = 0;
                    self.at = ParseState::Refused;
                    at + 1
                }
            },
            ParseState::Body(left) => {
                let now = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= now as u64;
                if *left == 0 {
                    self.at = ParseState::Head(Head::default());
                }
                now
            }
            ParseState::BehindHead | ParseState::Chunks | ParseState::Refused => bytes.len(),
        }
    }

    /// Takes over what the service has told about the body after the head.
    fn behind_head(&mut self) -> io::Result<()> {
        if matches!(self.at, ParseState::BehindHead) {
            self.at = match self.body_length.0.swap(UNKNOWN, Ordering::AcqRel) {
                UNKNOWN => return Err(io::Error::other("read on before the head was answered")),
                CHUNKED => ParseState::Chunks,
                0 => ParseState::Head(Head::default()),
                length => ParseState::Body(length),
            };
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.behind_head()?;
        let before = buffer.filled().len();
        if this.kept.is_empty() {
            if matches!(this.at, ParseState::Refused) {
                return Poll::Ready(Ok(()));
            }
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        } else {
            let length = this.kept.len().min(buffer.remaining());
            buffer.put_slice(&this.kept[..length]);
            this.kept.advance(length);
        }
        let new = &mut buffer.filled_mut()[before..];
        if new.is_empty() || matches!(this.at, ParseState::Refused) {
            return Poll::Ready(Ok(()));
        }
        let admitted = this.admit(new);
        if matches!(this.at, ParseState::Refused) {
            this.kept = BytesMut::from(END);
        } else if admitted < new.len() {
            // The bytes that were kept before come after these.
            let mut kept = BytesMut::from(&new[admitted..]);
            kept.extend_from_slice(&this.kept);
            this.kept = kept;
        }
        buffer.set_filled(before + admitted);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            if this.is_settled() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(Linger::new);
        linger.poll(cx, &mut this.stream).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    /// Reads as hyper does: one piece at a time, and tells the length of a body after each head.
    /// `step` is how many bytes arrive at once.
    async fn pieces(sent: &[u8], step: usize, bodies: &[Option<u64>]) -> Vec<String> {
        let (mut wire, body_length) = Wire::new(Pieces { rest: sent, step });
        let mut bodies = bodies.iter();
        let mut all = vec![String::new()];
        let mut buffer = [0; 4096];
        loop {
            if matches!(wire.at, ParseState::BehindHead) {
                all.push(String::new());
                match bodies.next() {
                    Some(length) => body_length.set(*length),
                    None => return all,
                }
            }
            let Ok(length) = wire.read(&mut buffer).await else { return all };
            if length == 0 {
                return all;
            }
            let text = String::from_utf8_lossy(&buffer[..length]);
            if let Some(last) = all.last_mut() {
                last.push_str(&text);
            }
        }
    }

    /// A stream that arrives in pieces.
    struct Pieces<'a> {
        rest: &'a [u8],
        step: usize,
    }

    impl AsyncRead for Pieces<'_> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let length = self.step.min(self.rest.len()).min(buffer.remaining());
            let (now, rest) = self.rest.split_at(length);
            buffer.put_slice(now);
            self.rest = rest;
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn heads_and_bodies_come_one_after_the_other() {
        let one = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
        let two = "\r\n\r\nGET /b HTTP/1.1\r\nHost: a:1\r\n\r\n";
        let sent = format!("{one}\n\r\n\r\nGET {two}{two}");
        for step in [1, 2, 3, 7, 1000] {
            let bodies = [Some(9), Some(0), Some(0)];
            let got = pieces(sent.as_bytes(), step, &bodies).await;
            let body = format!("\n\r\n\r\nGET {two}");
            assert_eq!(got, [one, &body, two, ""], "{step}");
        }
    }

    #[tokio::test]
    async fn after_a_chunked_body_nothing_is_a_head() {
        let one = "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        let rest = "0\r\n\r\nGET /b HTTP/1.1\nHost: a\n\n";
        for step in [1, 5, 1000] {
            let got = pieces(format!("{one}{rest}").as_bytes(), step, &[None]).await;
            assert_eq!(got, [one, rest], "{step}");
        }
    }

    #[tokio::test]
    async fn what_others_may_read_differently_becomes_a_nul() {
        for (sent, refused) in [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\0"),
            ("\nGET / HTTP/1.1\r\n", "\0"),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\0"),
            ("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nX: a\r\0"),
            ("GET / HTTP/1.1\r\nX: a\r\r\n\r\n", "GET / HTTP/1.1\r\nX: a\r\0"),
            ("GET /#x HTTP/1.1\r\n\r\n", "GET /\0"),
            (
                "A / HTTP/1.1\r\nContent-Length: 5\r\nTRANSFER-encoding: chunked\r\n\r\n",
                "A / HTTP/1.1\r\nContent-Length: 5\r\nTRANSFER-encoding\0",
            ),
            (
                "A / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-length: 5\r\n\r\n",
                "A / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-length\0",
            ),
            (
                "A / HTTP/1.1\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                "A / HTTP/1.1\r\nTransfer-Encoding: x\r\nTransfer-Encoding\0",
            ),
        ] {
            for step in [1, 4, 1000] {
                let got = pieces(sent.as_bytes(), step, &[]).await;
                assert_eq!(got, [format!("{refused}\r\n\r\n")], "{sent:?} by {step}");
            }
        }
    }

    #[tokio::test]
    async fn ordinary_heads_pass() {
        let sent = "GET /a?b=c HTTP/1.1\r\nHost: a\r\nX-Note: #1 a: b\r\nContent-Length: 0\r\n\
                    Content-Length: 0\r\nX-Content-Length: 1\r\nTransfer: y\r\nEmpty:\r\n\r\n";
        assert_eq!(pieces(sent.as_bytes(), 1000, &[]).await, [sent, ""]);
    }

    #[tokio::test]
    async fn nothing_is_read_on_before_the_head_is_answered() {
        let sent = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
        let (mut wire, _told) = Wire::new(&sent[..]);
        let mut buffer = [0; 100];
        assert_eq!(wire.read(&mut buffer).await.expect("the head"), sent.len() - 3);
        assert!(wire.read(&mut buffer).await.is_err());
    }
}
