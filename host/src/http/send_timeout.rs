//! A connection whose client must take the data that it asked for. If the client takes nothing for
//! a while, or next to nothing, then the connection is reset. Without a reset the kernel would keep
//! the rest of the answer after the close.

use crate::http::connections::ConnectionState;
use socket2::SockRef;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// The least bytes a second that a client must take while there are some to take.
const RATE: u64 = 1000;

/// How many bytes the kernel accepts before the client has room for them. With more it would take
/// long to notice that a slow client reads at all.
const UNSENT: u32 = 128 << 10;

/// The connection and its alarm.
pub(crate) struct SendTimeout {
    stream: TcpStream,
    time: Duration,
    state: Arc<ConnectionState>,
    /// Runs while the client has not taken the bytes that were written.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl SendTimeout {
    /// Wraps `stream`; the client may take nothing for at most `time`. The kernel applies this time
    /// too. That covers bytes that it still holds after the server has closed, and clients that
    /// vanish silently.
    pub(crate) fn new(stream: TcpStream, time: Duration, state: Arc<ConnectionState>) -> Self {
        let socket = SockRef::from(&stream);
        // These options are best effort: without them fewer stalls are noticed.
        let _ = socket.set_tcp_user_timeout(Some(time));
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
        Self { stream, time, state, alarm: None }
    }

    /// Handles the result of writing `length` bytes, and resets the connection if it took too long.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        length: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let now = Instant::now();
        match written {
            Poll::Ready(Ok(taken)) if taken < length => {
                // The kernel's buffer is full. The deadline moves by the time that the taken bytes
                // are worth at the minimum rate.
                if let Some(alarm) = &mut self.alarm {
                    let worth = Duration::from_millis(taken as u64 * 1000 / RATE);
                    let end = (alarm.deadline() + worth).min(now + self.time);
                    alarm.as_mut().reset(end);
                }
                written
            }
            Poll::Ready(_) => {
                if self.alarm.take().is_some() {
                    self.state.set_unsent(false);
                }
                written
            }
            Poll::Pending => {
                if self.alarm.is_none() {
                    self.state.set_unsent(true);
                }
                let end = now + self.time;
                let alarm =
                    self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
                if alarm.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for SendTimeout {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for SendTimeout {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, bytes.len(), written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.judge(cx, length, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests;
