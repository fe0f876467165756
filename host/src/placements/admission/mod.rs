//! Which call of a component may begin, and which must wait or is refused.
//!
//! A component runs a limited number of calls at once. The limit follows what is measured
//! (`congestion.rs`): it is low while calls wait for a core, and high while they wait for stores or
//! other servers. Calls beyond the limit wait here instead of waiting for a core, because here they
//! take fair turns (`queue.rs`): the next place goes to the next tenant that waits. So a tenant that
//! floods a component waits behind its own calls, and every other tenant only for one of them at a
//! time.
//!
//! Streams, and calls of the runner itself, hold an instance for long without running much. They count
//! for the number of instances, but not for the limit.
//!
//! A call that would wait too long is refused at once. How long it would wait follows from the rate
//! at which places become free (`rate.rs`, Little's law).

mod congestion;
mod queue;
mod rate;
#[cfg(test)]
mod tests;

use crate::config::options::Limits;
use congestion::Bounds;
use parking_lot::{Mutex, MutexGuard};
pub(super) use queue::Full;
use queue::Queue;
use rate::Rate;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many calls may wait for each that may run.
const WAITING: usize = 8;

/// When a call may begin.
pub(super) enum Turn<'a> {
    /// In its turn. The function names who calls; it is only asked if the call must wait.
    Fair(&'a (dyn Fn() -> String + Send + Sync)),
    /// At once, whatever runs. It is for calls of the ticker, which bounds their number.
    AtOnce,
}

/// The calls of one component.
pub(super) struct Admission {
    calls: Mutex<Calls>,
    bounds: Bounds,
    wait: Duration,
}

struct Calls {
    running: usize,
    /// How many calls hold an instance for long, such as streams.
    held: usize,
    /// How many calls may run.
    limit: usize,
    queue: Queue<oneshot::Sender<Permit>>,
    rate: Rate,
    /// Calls that have begun at once since the last of them was measured.
    unmeasured: u32,
    is_measuring: bool,
    /// Whether calls wait long for a core. Then no call begins at once: it waits here, even if a place is
    /// free, so that those who wait for the core are few and have taken turns.
    is_congested: bool,
}

/// The place of one call. Dropping it lets the next call begin.
pub(super) struct Permit {
    admission: Arc<Admission>,
    is_held: bool,
}

/// A call that waits. Dropping it ends that.
struct Waiting<'a> {
    admission: &'a Admission,
    name: String,
    number: u64,
}

impl Admission {
    /// Nothing runs yet.
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let most = limits.max_instances.max(1);
        Arc::new(Self {
            calls: Mutex::new(Calls {
                running: 0,
                held: 0,
                limit: most,
                queue: Queue::new(most.saturating_mul(WAITING)),
                rate: Rate::default(),
                unmeasured: 0,
                is_measuring: false,
                is_congested: false,
            }),
            bounds: Bounds::of(most),
            wait: limits.max_queue_wait,
        })
    }

    /// Waits for a place.
    ///
    /// # Errors
    ///
    /// The queue is full, the wait would be too long, or it was.
    pub(super) async fn enter(self: &Arc<Self>, turn: Turn<'_>) -> Result<Permit, Full> {
        let Turn::Fair(name) = turn else {
            self.calls.lock().held += 1;
            return Ok(Permit { admission: self.clone(), is_held: true });
        };
        if self.calls.lock().begin(self) {
            return Ok(self.permit());
        }
        let name = name();
        let (sender, mut place) = oneshot::channel();
        let (_waiting, is_congested) = {
            let mut calls = self.calls.lock();
            let (now, is_congested) = (Instant::now(), calls.is_congested);
            if calls.queue.is_empty() {
                // What was measured belongs to an earlier queue, which may have ended because all gave up.
                calls.rate.reset();
            }
            let turns = calls.queue.turns_until(&name);
            if calls.rate.time_for(turns, now).is_some_and(|time| time > self.wait) {
                return Err(Full);
            }
            let number = calls.queue.push(&name, sender)?;
            calls.measure(self);
            // A place may have become free since the first try.
            self.begin_next(calls);
            (Waiting { admission: self, name, number }, is_congested)
        };
        if let Ok(permit) = place.try_recv() {
            if is_congested {
                // Most calls never wait, and are over before another one comes here. So all of them
                // would run in the order in which they wait for the core. Giving way lets them come
                // here first.
                tokio::task::yield_now().await;
            }
            return Ok(permit);
        }
        match tokio::time::timeout(self.wait, place).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Full),
        }
    }

    /// The place of a call that was counted as running.
    fn permit(self: &Arc<Self>) -> Permit {
        Permit { admission: self.clone(), is_held: false }
    }

    /// Gives the free places to those whose turn it is.
    fn begin_next(self: &Arc<Self>, mut calls: MutexGuard<'_, Calls>) {
        let mut next = Vec::new();
        while calls.has_room(self)
            && let Some(sender) = calls.queue.pop()
        {
            calls.running += 1;
            next.push(sender);
        }
        drop(calls);
        for sender in next {
            // If the call has stopped waiting meanwhile, then its permit is dropped here.
            let _ = sender.send(self.permit());
        }
    }

    /// Lets those that wait begin, if any do.
    fn place_is_free(self: &Arc<Self>, mut calls: MutexGuard<'_, Calls>) {
        if !calls.queue.is_empty() {
            calls.rate.record(Instant::now());
            self.begin_next(calls);
        }
    }

    /// Sets the limit after a measurement. Breaks when nothing is left to measure.
    fn adjust(self: &Arc<Self>, shortest: Duration) -> ControlFlow<()> {
        let mut calls = self.calls.lock();
        let is_any_waiting = !calls.queue.is_empty();
        calls.is_congested = congestion::is_long(shortest);
        calls.limit = congestion::limit_after(
            shortest,
            calls.limit,
            calls.running,
            is_any_waiting,
            self.bounds,
        );
        if !calls.is_congested && !is_any_waiting {
            calls.is_measuring = false;
            return ControlFlow::Break(());
        }
        self.begin_next(calls);
        ControlFlow::Continue(())
    }
}

impl Calls {
    fn has_room(&self, admission: &Admission) -> bool {
        self.running < self.limit && self.running + self.held < admission.bounds.most
    }

    /// Counts a call as running, if it may begin before all that wait.
    fn begin(&mut self, admission: &Arc<Admission>) -> bool {
        let may_begin = self.has_room(admission) && self.queue.is_empty() && !self.is_congested;
        if may_begin {
            self.running += 1;
            self.unmeasured += 1;
            if self.unmeasured >= congestion::EVERY {
                self.measure(admission);
            }
        }
        may_begin
    }

    /// Lets the limit follow the congestion from now on.
    fn measure(&mut self, admission: &Arc<Admission>) {
        self.unmeasured = 0;
        if !self.is_measuring {
            self.is_measuring = true;
            let admission = admission.clone();
            tokio::spawn(congestion::measure(move |shortest| admission.adjust(shortest)));
        }
    }
}

impl Permit {
    /// From now on the call only holds its instance. Its place may be taken by another call.
    pub(super) fn hold(&mut self) {
        if self.is_held {
            return;
        }
        self.is_held = true;
        let mut calls = self.admission.calls.lock();
        calls.running -= 1;
        calls.held += 1;
        self.admission.place_is_free(calls);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut calls = self.admission.calls.lock();
        match self.is_held {
            true => calls.held -= 1,
            false => calls.running -= 1,
        }
        self.admission.place_is_free(calls);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.admission.calls.lock().queue.remove(&self.name, self.number);
    }
}
