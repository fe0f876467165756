//! The writer of standard output: a thread that writes what others have left for it.
//!
//! `tracing-appender` has such a writer too. It copies each line to the heap, bounds the lines that
//! wait instead of their bytes (a guest's line may have 64 KB), and gives up at exit when a reader is
//! slow for a second.

use parking_lot::{Condvar, Mutex};
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// How many bytes may wait for the writer. Lines beyond that are dropped and counted.
const MAX_BUFFER: usize = 8 << 20;
/// How long the writer lets lines gather, so that it writes many at once.
const FLUSH_INTERVAL: Duration = Duration::from_millis(5);

/// The writer thread. When this is dropped, it writes what is left and waits for the thread.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    buffer: Mutex<Buffer>,
    filled: Condvar,
}

#[derive(Default)]
struct Buffer {
    text: Vec<u8>,
    dropped: u64,
    closed: bool,
    writer_sleeps: bool,
}

impl Queue {
    fn push(&self, line: &str) {
        let mut buffer = self.buffer.lock();
        if buffer.text.len() + line.len() > MAX_BUFFER {
            buffer.dropped += 1;
            return;
        }
        buffer.text.extend_from_slice(line.as_bytes());
        buffer.text.push(b'\n');
        if buffer.writer_sleeps {
            buffer.writer_sleeps = false;
            self.filled.notify_one();
        }
    }

    fn write(&self) {
        let mut text = Vec::new();
        loop {
            let closed = {
                let mut buffer = self.buffer.lock();
                while buffer.text.is_empty() && buffer.dropped == 0 && !buffer.closed {
                    buffer.writer_sleeps = true;
                    self.filled.wait(&mut buffer);
                }
                buffer.closed
            };
            if !closed {
                std::thread::sleep(FLUSH_INTERVAL);
            }
            let dropped = {
                let mut buffer = self.buffer.lock();
                std::mem::swap(&mut text, &mut buffer.text);
                std::mem::take(&mut buffer.dropped)
            };
            if dropped > 0 {
                let message = format!("{dropped} log lines were dropped: stdout is too slow");
                let line = serde_json::json!({ "level": "warn", "message": message });
                text.extend_from_slice(format!("{line}\n").as_bytes());
            }
            let mut stdout = std::io::stdout().lock();
            // A closed stdout must not end the server.
            let _ = stdout.write_all(&text).and_then(|()| stdout.flush());
            text.clear();
            if closed {
                return;
            }
        }
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start() -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let thread = std::thread::Builder::new().name("log".to_owned()).spawn({
            let queue = queue.clone();
            move || queue.write()
        })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Leaves one line for the thread.
    pub(super) fn line(&self, line: &str) {
        self.queue.push(line);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.buffer.lock().closed = true;
        self.queue.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
