//! The rate at which places become free while others wait for them.

use std::time::Duration;
use tokio::time::Instant;

/// The time over which the rate is measured.
const WINDOW: Duration = Duration::from_millis(200);

/// Counts places that became free, in windows.
#[derive(Default)]
pub(super) struct Rate {
    window: Option<Instant>,
    freed: u32,
    /// Of the last whole window, per second.
    last: Option<f64>,
}

impl Rate {
    /// A place has become free.
    pub(super) fn record(&mut self, now: Instant) {
        self.close_window(now);
        self.freed += 1;
    }

    /// Forgets everything, because another queue begins.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// How long it takes until so many places are free, or `None` while that is not known.
    pub(super) fn time_for(&mut self, places: usize, now: Instant) -> Option<Duration> {
        self.close_window(now);
        let rate = self.last?;
        let seconds = f64::from(u32::try_from(places).unwrap_or(u32::MAX)) / rate;
        Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }

    fn close_window(&mut self, now: Instant) {
        let began = *self.window.get_or_insert(now);
        let time = now.saturating_duration_since(began);
        // Nothing is known about a window in which no place became free, but that it is not over.
        if time >= WINDOW && self.freed > 0 {
            self.last = Some(f64::from(self.freed) / time.as_secs_f64());
            (self.window, self.freed) = (Some(now), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_from_the_rate() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(rate.time_for(1_000_000, start), None, "nothing is known yet");
        for millis in 0..20 {
            rate.record(at(millis * 10));
        }
        assert_eq!(rate.time_for(50, at(200)), Some(Duration::from_millis(500)));
        assert_eq!(rate.time_for(50, at(9_000)), Some(Duration::from_millis(500)), "none is free");
        rate.record(at(9_000));
        assert!(rate.time_for(50, at(10_200)) > Some(Duration::from_secs(400)));
        rate.reset();
        assert_eq!(rate.time_for(50, at(10_200)), None);
    }
}
