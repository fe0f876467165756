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
const BUFFER: usize = 8 << 20;
/// How long the writer lets lines gather, so that it writes many at once.
const GATHER: Duration = Duration::from_millis(5);

/// The writer thread. When this is dropped, it writes what is left and waits for the thread.
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<std::thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    dropped: u64,
    closed: bool,
    writer_sleeps: bool,
}

impl Queue {
    fn push(&self, line: &str) {
        let mut waiting = self.waiting.lock();
        if waiting.text.len() + line.len() > BUFFER {
            waiting.dropped += 1;
            return;
        }
        waiting.text.extend_from_slice(line.as_bytes());
        waiting.text.push(b'\n');
        if waiting.writer_sleeps {
            waiting.writer_sleeps = false;
            self.filled.notify_one();
        }
    }

    fn write(&self) {
        let mut text = Vec::new();
        loop {
            let closed = {
                let mut waiting = self.waiting.lock();
                while waiting.text.is_empty() && waiting.dropped == 0 && !waiting.closed {
                    waiting.writer_sleeps = true;
                    self.filled.wait(&mut waiting);
                }
                waiting.closed
            };
            if !closed {
                std::thread::sleep(GATHER);
            }
            let dropped = {
                let mut waiting = self.waiting.lock();
                std::mem::swap(&mut text, &mut waiting.text);
                std::mem::take(&mut waiting.dropped)
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
        self.queue.waiting.lock().closed = true;
        self.queue.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
