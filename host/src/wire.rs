//! The bytes of a connection before hyper reads them. hyper takes what RFC 9112 allows it
//! to take; here less is taken, because a proxy before us may read the rest differently,
//! and then its request is not ours (request smuggling). A head is refused for
//!
//! - a line that ends with a lone LF, and a lone CR (section 2.2);
//! - both a length and a transfer coding, or two transfer codings (section 6.1);
//! - a fragment in the target (section 3.2).
//!
//! To refuse, the offending byte becomes NUL, for which hyper answers 400 and closes. hyper
//! gets each head alone, and what follows it only when the length of its body is known
//! ([`Bodies`]), so that a body is never taken for a head or a head for a body.

use crate::linger::Linger;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Nothing was said about the body.
const UNKNOWN: u64 = u64::MAX;
/// The body is chunked: nothing is read as a head after it.
const CHUNKED: u64 = u64::MAX - 1;
/// What completes a refused head, so that hyper looks at it.
const END: &[u8] = b"\r\n\r\n";

/// Where the service says how long the body behind a head is.
#[derive(Clone)]
pub(crate) struct Bodies(Arc<AtomicU64>);

impl Bodies {
    /// To be called for each request before its body is read; `None` for a chunked one,
    /// whose answer must close the connection.
    pub(crate) fn tell(&self, length: Option<u64>) {
        self.0.store(length.map_or(CHUNKED, |length| length.min(CHUNKED)), Ordering::Release);
    }
}

/// A connection whose heads are checked.
pub(crate) struct Wire<S> {
    stream: S,
    bodies: Bodies,
    at: At,
    /// Read already, and not hyper's turn to have it.
    kept: BytesMut,
    linger: Option<Linger>,
}

/// What the next bytes are.
enum At {
    Head(Head),
    /// A body, once its length is told.
    BehindHead,
    Body(u64),
    /// Bytes of a chunked body, to the end of the connection.
    Chunks,
    Refused,
}

/// A head that has begun to arrive.
#[derive(Default)]
struct Head {
    /// The last byte was a CR.
    cr: bool,
    /// The request line is there.
    has_target: bool,
    /// Bytes of this line.
    line: usize,
    /// The first of them, in lower case.
    name: [u8; LONGEST],
    has_length: bool,
    has_coding: bool,
}

const LENGTH: &[u8] = b"content-length";
const CODING: &[u8] = b"transfer-encoding";
const LONGEST: usize = CODING.len();

/// How far a head goes in the bytes looked at.
enum Scan {
    Further,
    /// To before this place.
    End(usize),
    /// The byte at this place is refused.
    Refused(usize),
}

impl Head {
    fn scan(&mut self, bytes: &[u8]) -> Scan {
        for (at, byte) in bytes.iter().enumerate() {
            match (byte, self.cr) {
                (b'\n', false) => return Scan::Refused(at),
                (b'\n', true) => {
                    // Empty lines before the request line are ignored (section 2.2).
                    if self.line == 0 && self.has_target {
                        return Scan::End(at + 1);
                    }
                    self.has_target |= self.line > 0;
                    self.line = 0;
                    self.cr = false;
                }
                (_, true) => return Scan::Refused(at),
                (b'\r', false) => self.cr = true,
                (byte, false) => {
                    let refused = match byte {
                        b'#' => !self.has_target,
                        b':' => self.has_target && self.repeats(),
                        _ => false,
                    };
                    if refused {
                        return Scan::Refused(at);
                    }
                    if let Some(place) = self.name.get_mut(self.line) {
                        *place = byte.to_ascii_lowercase();
                    }
                    self.line += 1;
                }
            }
        }
        Scan::Further
    }

    /// Whether a byte of it is there.
    fn has_begun(&self) -> bool {
        self.cr || self.has_target || self.line > 0
    }

    /// Whether the field whose name ends here says once more how long the body is. Equal
    /// lengths may be said twice: hyper compares them.
    fn repeats(&mut self) -> bool {
        match self.name.get(..self.line) {
            Some(LENGTH) => {
                self.has_length = true;
                self.has_coding
            }
            Some(CODING) => std::mem::replace(&mut self.has_coding, true) || self.has_length,
            _ => false,
        }
    }
}

impl<S> Wire<S> {
    /// The connection, and where to tell of bodies.
    pub(crate) fn new(stream: S) -> (Self, Bodies) {
        let bodies = Bodies(Arc::new(AtomicU64::new(UNKNOWN)));
        let (at, kept) = (At::Head(Head::default()), BytesMut::new());
        (Self { stream, bodies: bodies.clone(), at, kept, linger: None }, bodies)
    }

    /// Whether the client has sent nothing that is not read.
    fn is_settled(&self) -> bool {
        let nothing_more = match &self.at {
            At::Head(head) => !head.has_begun(),
            At::BehindHead => self.bodies.0.load(Ordering::Acquire) == 0,
            At::Body(_) | At::Chunks | At::Refused => false,
        };
        nothing_more && self.kept.is_empty()
    }

    /// How much of `bytes` hyper may have now, at least one; may change them.
    fn admit(&mut self, bytes: &mut [u8]) -> usize {
        match &mut self.at {
            At::Head(head) => match head.scan(bytes) {
                Scan::Further => bytes.len(),
                Scan::End(end) => {
                    self.at = At::BehindHead;
                    end
                }
                Scan::Refused(at) => {
                    bytes[at] = 0;
                    self.at = At::Refused;
                    at + 1
                }
            },
            At::Body(left) => {
                let now = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= now as u64;
                if *left == 0 {
                    self.at = At::Head(Head::default());
                }
                now
            }
            At::BehindHead | At::Chunks | At::Refused => bytes.len(),
        }
    }

    /// Learns what follows the head.
    fn behind_head(&mut self) -> io::Result<()> {
        if matches!(self.at, At::BehindHead) {
            self.at = match self.bodies.0.swap(UNKNOWN, Ordering::AcqRel) {
                UNKNOWN => return Err(io::Error::other("read on before the head was answered")),
                CHUNKED => At::Chunks,
                0 => At::Head(Head::default()),
                length => At::Body(length),
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
            if matches!(this.at, At::Refused) {
                return Poll::Ready(Ok(()));
            }
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
        } else {
            let length = this.kept.len().min(buffer.remaining());
            buffer.put_slice(&this.kept[..length]);
            this.kept.advance(length);
        }
        let new = &mut buffer.filled_mut()[before..];
        if new.is_empty() || matches!(this.at, At::Refused) {
            return Poll::Ready(Ok(()));
        }
        let admitted = this.admit(new);
        if matches!(this.at, At::Refused) {
            this.kept = BytesMut::from(END);
        } else if admitted < new.len() {
            // What was kept before and is still there comes after this.
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

    /// Reads as hyper does: one piece at a time, telling of a body behind each head. `step`
    /// is how many bytes arrive at once.
    async fn pieces(sent: &[u8], step: usize, bodies: &[Option<u64>]) -> Vec<String> {
        let (mut wire, told) = Wire::new(Pieces { rest: sent, step });
        let mut bodies = bodies.iter();
        let mut all = vec![String::new()];
        let mut buffer = [0; 4096];
        loop {
            if matches!(wire.at, At::BehindHead) {
                all.push(String::new());
                match bodies.next() {
                    Some(length) => told.tell(*length),
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
