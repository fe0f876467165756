//! Standard output and standard error of guests. Whole lines go to the log.

use crate::system::log::Sink;
use bytes::Bytes;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// The longest line that is kept in one piece, in bytes.
const LINE: usize = 64 << 10;

/// Collects what a guest writes and passes it on line by line.
#[derive(Clone)]
pub(crate) struct Lines {
    log: Sink,
    /// Lines of standard error become JSON lines that name this component; those of
    /// standard output pass as they are.
    errors_of: Option<Arc<str>>,
    begun: Arc<Mutex<Vec<u8>>>,
}

impl Lines {
    /// A guest's standard output.
    pub(crate) fn output(log: Sink) -> Self {
        Self { log, errors_of: None, begun: Arc::default() }
    }

    /// A guest's standard error.
    pub(crate) fn errors(log: Sink, component: &str) -> Self {
        Self { log, errors_of: Some(component.into()), begun: Arc::default() }
    }

    fn take(&self, bytes: &[u8]) {
        let mut begun = self.begun.lock();
        begun.extend_from_slice(bytes);
        let mut start = 0;
        while let Some(end) = begun[start..].iter().position(|&byte| byte == b'\n') {
            self.pass(&begun[start..start + end]);
            start += end + 1;
        }
        begun.drain(..start);
        if begun.len() > LINE {
            self.pass(&begun);
            begun.clear();
        }
    }

    fn pass(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        if line.is_empty() {
            return;
        }
        match &self.errors_of {
            None => self.log.line(&line),
            Some(component) => {
                let component = &**component;
                self.log.emit(|| tracing::error!(component, "{line}"));
            }
        }
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(LINE)
    }
}

impl AsyncWrite for Lines {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
