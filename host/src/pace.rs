//! How far a command is, for whoever waits for it.

use std::time::{Duration, Instant};

/// How long nothing is told.
const QUIET: Duration = Duration::from_secs(2);

/// Tells how far something is, but only what takes long, and not all the time.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    begun: Instant,
    told: Instant,
    tell: fn(&str),
}

impl Pace {
    /// Begins now.
    pub(crate) fn new(tell: fn(&str)) -> Self {
        let now = Instant::now();
        Self { begun: now, told: now, tell }
    }

    /// Since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Tells `line`, which gets the time since the beginning, if nothing was told for a while.
    pub(crate) fn tell(&mut self, line: impl FnOnce(Duration) -> String) {
        if self.told.elapsed() >= QUIET {
            self.told = Instant::now();
            (self.tell)(&line(self.begun.elapsed()));
        }
    }
}
