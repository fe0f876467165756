//! A clock for functions that a test can move.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasmtime_wasi::HostWallClock;

/// The machine's clock with an offset. All clones share the offset.
///
/// Functions read this clock. In the composed placement the gateway reads it too, because it is a
/// part of the component. The native gateway, the stores and the runner keep the machine's time,
/// and so does everything that measures durations.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Moves the clock forward by so many milliseconds, or back if the number is negative.
    pub fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// The time that this clock shows.
    pub fn now(&self) -> SystemTime {
        let moved = self.0.load(Ordering::SeqCst);
        let by = Duration::from_millis(moved.unsigned_abs());
        let real = SystemTime::now();
        let shown = if moved < 0 { real.checked_sub(by) } else { real.checked_add(by) };
        shown.unwrap_or(real)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Clock::now(self).duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}
