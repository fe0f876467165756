//! Where the lines of a log go.

use super::writer::Writer;
use parking_lot::Mutex;
use std::sync::Arc;

/// The end of a log that takes lines. Clones are cheap. The writer ends with the last clone.
#[derive(Clone)]
pub(super) enum Lines {
    Stdout(Arc<Writer>),
    Memory(Arc<Mutex<Vec<String>>>),
}

impl Lines {
    /// Writes one line as it is.
    pub(super) fn line(&self, line: &str) {
        match self {
            Self::Memory(lines) => lines.lock().push(line.to_owned()),
            Self::Stdout(writer) => writer.line(line),
        }
    }
}
