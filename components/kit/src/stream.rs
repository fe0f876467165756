//! Bodies that are written while they are being sent.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use spin_sdk::wit_bindgen::{StreamReader, StreamWriter};

use crate::bindings::wit_stream;

/// How long a client may take no data although there is some. The connection may be dead without
/// having been closed, and the instance is occupied meanwhile.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The writing end of a body.
pub struct Writer(StreamWriter<u8>);

impl Writer {
    pub(crate) fn new() -> (Self, StreamReader<u8>) {
        let (writer, reader) = wit_stream::new();
        (Self(writer), reader)
    }

    /// Writes all bytes, as fast as the client takes them. Returns false if the client has left or
    /// takes nothing for too long. Then nothing more can be written.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> bool {
        let mut written = pin!(self.0.write_all(bytes.into()));
        let mut waited = pin!(sleep(WRITE_TIMEOUT));
        poll_fn(|cx| match written.as_mut().poll(cx) {
            Poll::Ready(rest) => Poll::Ready(rest.is_empty()),
            Poll::Pending => waited.as_mut().poll(cx).map(|()| false),
        })
        .await
    }
}

/// Waits for a time, while other requests of the instance go on.
pub async fn sleep(time: Duration) {
    spin_sdk::time::sleep(time).await;
}
