//! How long calls wait for a core, and what follows for the number of calls that may run.
//!
//! A task that gives way is run again after all tasks that are ready on its thread. The time until
//! then is the queue for the core. A long one is normal after a pause of the machine, or when many
//! requests come in at once. So only the shortest of several measurements counts: if even that is
//! long, then the queue stays (as in CoDel, RFC 8289). Time that a call spends waiting for a store
//! or another server is not in it. So slow stores lower no limit.

use crate::system::machine;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Calls of one component for each core that may always run.
const PER_CORE: usize = 8;
/// The longest queue for a core that may stay.
const TARGET: Duration = Duration::from_micros(500);
/// A measurement begins with every so many calls that wait for nobody.
pub(super) const EVERY: u32 = 32;
/// The time of several measurements, and the time between two of them.
const WINDOW: Duration = Duration::from_millis(20);
const PAUSE: Duration = Duration::from_millis(2);

/// Between these is the limit of running calls.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) least: usize,
    pub(super) most: usize,
}

impl Bounds {
    /// The bounds of a component that may have this many instances.
    pub(super) fn of(instances: usize) -> Self {
        Self { least: (machine::cores() * PER_CORE).min(instances), most: instances }
    }
}

/// Whether this is too long a queue for a core.
pub(super) fn is_long(queue: Duration) -> bool {
    queue > TARGET
}

/// The limit after a window in which the queue was at least `shortest`, while `running` calls ran and
/// others may have waited for their turn.
pub(super) fn limit_after(
    shortest: Duration,
    limit: usize,
    running: usize,
    is_any_waiting: bool,
    bounds: Bounds,
) -> usize {
    let next = match (is_long(shortest), is_any_waiting) {
        (true, _) => limit.min(running) * 4 / 5,
        (false, true) => limit + (limit / 8).max(1),
        (false, false) => limit,
    };
    next.clamp(bounds.least, bounds.most)
}

/// Measures, and gives each window's shortest queue to `adjust`, until that breaks.
pub(super) async fn measure(adjust: impl Fn(Duration) -> ControlFlow<()>) {
    loop {
        let began = Instant::now();
        let mut shortest = Duration::MAX;
        while began.elapsed() < WINDOW {
            let asked = Instant::now();
            tokio::task::yield_now().await;
            shortest = shortest.min(asked.elapsed());
            sleep(PAUSE).await;
        }
        if adjust(shortest).is_break() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_queue_for_the_core() {
        let (short, long) = (Duration::from_micros(300), Duration::from_millis(5));
        let bounds = Bounds { least: 8, most: 256 };
        assert_eq!(limit_after(long, 256, 100, false, bounds), 80, "of what runs");
        assert_eq!(limit_after(long, 80, 80, true, bounds), 64);
        assert_eq!(limit_after(long, 9, 9, true, bounds), 8);
        assert_eq!(limit_after(short, 8, 8, true, bounds), 9);
        assert_eq!(limit_after(short, 80, 80, true, bounds), 90);
        assert_eq!(limit_after(short, 250, 250, true, bounds), 256);
        assert_eq!(limit_after(short, 80, 20, false, bounds), 80, "nobody needs more");
        assert_eq!(limit_after(long, 1, 1, true, Bounds { least: 1, most: 1 }), 1);
    }
}
