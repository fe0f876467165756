//! A response body that a function writes while it is sent.

use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard, PollSender};
use wasmtime::StoreContextMut;
use wasmtime::component::{Source, StreamConsumer, StreamResult};

/// How many pieces may wait for the client. If there are more, then the function waits.
const PIECES: usize = 4;
/// The largest piece, in bytes.
const PIECE: usize = 64 << 10;

/// The reading end. What it reads is sent to the client.
pub(crate) struct ByteStream {
    pieces: mpsc::Receiver<Bytes>,
    reader: Reader,
}

/// The part of the stream for who sends it to the client.
pub(crate) struct Reader {
    broken: Arc<AtomicBool>,
    /// Notifies [`StreamControl::client_left`] if this is dropped before the end of the stream.
    reading: Option<DropGuard>,
}

/// The writing end, held by the function's store.
pub(crate) struct Writer {
    pieces: PollSender<Bytes>,
}

/// The part of the stream for the task that drives the function.
pub(crate) struct StreamControl {
    broken: Arc<AtomicBool>,
    client_left: CancellationToken,
}

impl StreamControl {
    /// Marks the stream as broken, so that the client does not take a part for the whole. Must be
    /// called before the store is dropped.
    pub(crate) fn mark_broken(&self) {
        self.broken.store(true, Ordering::Release);
    }

    /// Resolves when the client has left before the end. Without this the function would notice
    /// that only at its next write.
    pub(crate) async fn client_left(&self) {
        self.client_left.cancelled().await;
    }
}

/// A new stream.
pub(crate) fn new() -> (Writer, ByteStream, StreamControl) {
    let (sender, pieces) = mpsc::channel(PIECES);
    let (reader, control) = control();
    (Writer { pieces: PollSender::new(sender) }, ByteStream { pieces, reader }, control)
}

/// What the two ends of a stream tell each other.
pub(crate) fn control() -> (Reader, StreamControl) {
    let broken = Arc::new(AtomicBool::new(false));
    let client_left = CancellationToken::new();
    let reading = Some(client_left.clone().drop_guard());
    (Reader { broken: broken.clone(), reading }, StreamControl { broken, client_left })
}

impl Reader {
    /// Records that everything was read. Returns an error if the function did not finish the stream.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        // The function may go on with other work after its stream.
        let _ = self.reading.take().map(DropGuard::disarm);
        match self.broken.swap(false, Ordering::Acquire) {
            true => Err(io::Error::other("the function ended before its stream")),
            false => Ok(()),
        }
    }
}

impl ByteStream {
    /// The next piece, or an error if the function did not finish the stream.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let piece = ready!(self.pieces.poll_recv(cx));
        Poll::Ready(match piece {
            Some(bytes) => Some(Ok(bytes)),
            None => self.reader.end().err().map(Err),
        })
    }
}

impl<D: 'static> StreamConsumer<D> for Writer {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        match self.pieces.poll_reserve(cx) {
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(_)) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Ready(Ok(())) => {
                let mut source = source.as_direct(store);
                let offered = source.remaining();
                let length = offered.len().min(PIECE);
                if length > 0 {
                    let piece = Bytes::copy_from_slice(&offered[..length]);
                    if self.pieces.send_item(piece).is_err() {
                        return Poll::Ready(Ok(StreamResult::Dropped));
                    }
                    source.mark_read(length);
                }
                Poll::Ready(Ok(StreamResult::Completed))
            }
        }
    }
}
