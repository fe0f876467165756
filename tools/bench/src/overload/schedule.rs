//! The schedule of an open loop: when each request is to be sent, whatever became of those before.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// The shortest sleep. What falls due meanwhile is handed out at once, so that the generator does
/// not take the processor from the servers.
const TICK: Duration = Duration::from_micros(100);

/// A schedule with a fixed rate.
#[derive(Clone, Copy)]
pub(super) struct Schedule {
    pub(super) per_second: f64,
    /// The beginning of the warm-up.
    pub(super) begin: Instant,
    pub(super) length: Duration,
    /// How many requests may be sent or waiting at once. What falls due beyond is lost.
    pub(super) bound: usize,
}

/// The requests that are due and that no client has taken yet.
pub(super) struct Due {
    /// The times at which they were to be sent. `None` ends a client.
    times: Mutex<VecDeque<Option<Instant>>>,
    /// As many permits as there are times.
    waiting: Semaphore,
    /// The requests that are due or sent, and not answered.
    open: AtomicUsize,
}

/// What became of the schedule itself.
#[derive(Default)]
pub(super) struct Kept {
    /// The times of the requests that were lost, because too many were open.
    pub(super) lost: Vec<Instant>,
    /// How late each other request was handed out.
    pub(super) late: Vec<Duration>,
}

impl Schedule {
    /// Hands out each request when it is due, and at the end one `None` for each of the clients.
    /// This blocks the thread, because the timers of the runtime are too coarse.
    pub(super) fn keep(self, due: &Due, clients: usize) -> Kept {
        let mut kept = Kept::default();
        let count = (self.per_second * self.length.as_secs_f64()) as u64;
        for number in 0..count {
            let at = self.begin + Duration::from_secs_f64(number as f64 / self.per_second);
            let mut now = Instant::now();
            if at > now {
                std::thread::sleep((at - now).max(TICK));
                now = Instant::now();
            }
            if due.open.load(Ordering::Relaxed) < self.bound {
                due.open.fetch_add(1, Ordering::Relaxed);
                due.push(Some(at));
                kept.late.push(now.saturating_duration_since(at));
            } else {
                kept.lost.push(at);
            }
        }
        (0..clients).for_each(|_| due.push(None));
        kept
    }
}

impl Due {
    pub(super) fn new() -> Arc<Self> {
        let times = Mutex::default();
        Arc::new(Self { times, waiting: Semaphore::new(0), open: AtomicUsize::new(0) })
    }

    fn push(&self, at: Option<Instant>) {
        self.times.lock().push_back(at);
        self.waiting.add_permits(1);
    }

    /// Waits until a request is due. Returns the time at which it was to be sent, or nothing at the
    /// end of the schedule.
    pub(super) async fn take(&self) -> anyhow::Result<Option<Instant>> {
        self.waiting.acquire().await?.forget();
        self.times.lock().pop_front().context("a permit without a request")
    }

    /// A request that was taken is answered, or has failed.
    pub(super) fn answered(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Schedule};
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn a_schedule_does_not_wait_for_answers() {
        let (due, begin) = (Due::new(), Instant::now());
        let length = Duration::from_millis(20);
        let schedule = Schedule { per_second: 1000.0, begin, length, bound: 15 };
        let kept = schedule.keep(&due, 1);
        assert_eq!((kept.late.len(), kept.lost.len()), (15, 5), "nothing was answered");
        for number in 0..15 {
            let at = due.take().await.expect("handed out");
            assert_eq!(at, Some(begin + Duration::from_millis(number)));
        }
        assert_eq!(due.take().await.expect("handed out"), None, "the client ends");
    }
}
