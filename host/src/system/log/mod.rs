//! The log: access lines of the gateway, lines of the guests, and events of the runner itself. One
//! writer thread writes them all, so lines never interleave and a slow reader of stdout never delays
//! a request.
//!
//! Access lines and lines of guests are lines already, so they go to the writer as they are
//! (`lines.rs`, `writer.rs`). The runner emits its own events with the macros of `tracing`, and
//! `events.rs` makes JSON lines of them. Every server of a process has a log of its own, so there is no
//! global subscriber. Tasks that a server starts run with its subscriber
//! (`.with_subscriber(log.dispatch())`); other code, such as that of guests and threads, enters it
//! for one event ([`Sink::emit`]).

mod events;
mod lines;
mod writer;

use events::Events;
use lines::Lines;
use parking_lot::Mutex;
use std::sync::Arc;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::layer::SubscriberExt as _;
use writer::Writer;

/// Where log lines go.
#[derive(Clone, Debug, Default)]
pub enum Log {
    /// Standard output, one line for each message.
    #[default]
    Stdout,
    /// A list in memory, for tests.
    Memory(Arc<Mutex<Vec<String>>>),
}

/// The log of one server. Clones are cheap. The writer ends with the last clone.
#[derive(Clone)]
pub(crate) struct Sink {
    lines: Lines,
    dispatch: Dispatch,
}

impl Sink {
    pub(crate) fn open(log: &Log) -> std::io::Result<Self> {
        let lines = match log {
            Log::Memory(lines) => Lines::Memory(lines.clone()),
            Log::Stdout => Lines::Stdout(Arc::new(Writer::start()?)),
        };
        let subscriber = tracing_subscriber::registry().with(Events(lines.clone()));
        Ok(Self { lines, dispatch: Dispatch::new(subscriber) })
    }

    /// Writes one line as it is.
    pub(crate) fn line(&self, line: &str) {
        self.lines.line(line);
    }

    /// The subscriber of this server.
    pub(crate) fn dispatch(&self) -> Dispatch {
        self.dispatch.clone()
    }

    /// Runs `event` with the subscriber of this server.
    pub(crate) fn emit(&self, event: impl FnOnce()) {
        dispatcher::with_default(&self.dispatch, event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn memory() -> (Sink, Arc<Mutex<Vec<String>>>) {
        let lines = Arc::default();
        (Sink::open(&Log::Memory(Arc::clone(&lines))).expect("a log"), lines)
    }

    #[test]
    fn each_log_has_its_own_events() {
        let ((one, of_one), (two, of_two)) = (memory(), memory());
        for (log, name) in [(&one, "a"), (&two, "b")] {
            log.emit(|| tracing::warn!(component = name, "says \"{name}\""));
        }
        one.emit(|| {
            tracing::error!("{}", "alone");
            tracing::warn!(target: "hyper", "of a library");
            tracing::info_span!("request").in_scope(|| tracing::info!("in a span"));
        });
        tracing::error!("of no server");
        one.line("as it is");
        let read = |lines: &Mutex<Vec<String>>| -> Vec<Value> {
            lines
                .lock()
                .iter()
                .map(|line| serde_json::from_str(line).unwrap_or(json!(line)))
                .collect()
        };
        let expected = [
            json!({ "level": "warn", "component": "a", "message": "says \"a\"" }),
            json!({ "level": "error", "message": "alone" }),
            json!({ "level": "info", "message": "in a span" }),
            json!("as it is"),
        ];
        assert_eq!(read(&of_one), expected);
        let expected = json!({ "level": "warn", "component": "b", "message": "says \"b\"" });
        assert_eq!(read(&of_two), [expected]);
    }
}
