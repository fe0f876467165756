//! Closes a connection whose client may still be sending. If a socket is closed while it has unread
//! bytes, then TCP resets the connection. The reset can destroy the answer before the client, which
//! may first send everything and then read, has seen it (RFC 9112 section 9.6). So the server stops
//! writing, reads and drops what arrives, and closes when the client has closed or a bound is
//! reached.

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The bounds: how long the server reads in all, how long the client may send nothing
/// (`lingering_time` and `lingering_timeout` of nginx), and how many bytes the server reads. The
/// last is more than the largest body that anybody sends by mistake.
const TIME: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_secs(5);
const BYTES: usize = 64 << 20;
/// How many bytes are read at once.
const PIECE: usize = 16 << 10;

/// Reads what the client sends and drops it.
pub(crate) struct Linger {
    alarm: Pin<Box<Sleep>>,
    end: Instant,
    left: usize,
}

impl Linger {
    /// Begins now, when the last byte of the answer has been written.
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        let alarm = Box::pin(tokio::time::sleep_until(now + QUIET));
        Self { alarm, end: now + TIME, left: BYTES }
    }

    /// Is ready when the connection may be closed.
    pub(crate) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<()> {
        loop {
            let mut piece = [MaybeUninit::uninit(); PIECE];
            let mut piece = ReadBuf::uninit(&mut piece);
            if Pin::new(&mut *stream).poll_read(cx, &mut piece).is_pending() {
                ready!(self.alarm.as_mut().poll(cx));
                return Poll::Ready(());
            }
            let now = Instant::now();
            let length = piece.filled().len();
            self.left = self.left.saturating_sub(length);
            // A length of 0 means that the client has closed, or that reading failed.
            if length == 0 || self.left == 0 || now >= self.end {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset((now + QUIET).min(self.end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncWriteExt as _, duplex};

    async fn lingers(stream: &mut (impl AsyncRead + Unpin)) -> Duration {
        let began = Instant::now();
        let mut linger = Linger::new();
        poll_fn(|cx| linger.poll(cx, stream)).await;
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn until_the_client_has_ended() {
        let (mut client, mut server) = duplex(1000);
        let sends = async {
            client.write_all(&[0; 100_000]).await.expect("read");
            tokio::time::sleep(Duration::from_secs(4)).await;
            client.write_all(&[0; 100_000]).await.expect("still read");
            drop(client);
        };
        let (took, ()) = tokio::join!(lingers(&mut server), sends);
        assert_eq!(took.as_secs(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn neither_a_silent_client_nor_a_slow_one_holds_it() {
        let (mut client, mut server) = duplex(1000);
        assert_eq!(lingers(&mut server).await.as_secs(), QUIET.as_secs());
        let slow = async {
            while client.write_all(&[0]).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        };
        let took =
            tokio::select! { took = lingers(&mut server) => took, () = slow => Duration::ZERO };
        assert_eq!(took.as_secs(), TIME.as_secs());
    }

    #[tokio::test]
    async fn not_without_an_end() {
        let (mut client, mut server) = duplex(1 << 20);
        let sends = async {
            let piece = vec![0; 1 << 20];
            let mut sent = 0;
            while client.write_all(&piece).await.is_ok() {
                sent += piece.len();
            }
            sent
        };
        let ends = async {
            lingers(&mut server).await;
            drop(server);
        };
        let (sent, ()) = tokio::join!(sends, ends);
        assert!((BYTES..BYTES + (4 << 20)).contains(&sent), "{sent}");
    }
}
