//! Progress messages of a command.

use std::time::{Duration, Instant};

/// The least time before the first message and between two messages.
const QUIET: Duration = Duration::from_secs(2);

/// Reports progress at most once in every [`QUIET`], so quick commands report nothing.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    begun: Instant,
    last: Instant,
    print: fn(&str),
}

impl Progress {
    /// Begins now.
    pub(crate) fn new(print: fn(&str)) -> Self {
        let now = Instant::now();
        Self { begun: now, last: now, print }
    }

    /// The time since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Reports `line`, which gets the time since the beginning, if the last message is long enough
    /// ago.
    pub(crate) fn report(&mut self, line: impl FnOnce(Duration) -> String) {
        if self.last.elapsed() >= QUIET {
            self.last = Instant::now();
            (self.print)(&line(self.begun.elapsed()));
        }
    }
}
