//! Linear memory: what one instance may take, what all of them may, and when an instance is
//! not worth keeping.
//!
//! Memory that a guest has taken never comes back while its instance lives. So an instance
//! that has grown serves its request and goes, and few of them may be large at a time: hashing
//! a password takes 19 MiB and a core (`components/auth/src/password.rs`), and a hundred at
//! once would take both from everybody else. Each component has places of its own for that: who
//! reads large lists of one keeps nobody from signing in at another.

use crate::options::Limits;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi::async_trait;

/// How long an instance may rest before its memory is given back.
pub(crate) const REST: Duration = Duration::from_secs(60);
/// What an instance may have taken beyond what it began with and be kept, in bytes. Twice what
/// ordinary requests take, so that these find their instances again.
const KEPT: usize = 4 << 20;
/// What an instance may take beyond what it began with without a place among the large ones,
/// in bytes: what the largest body takes as JSON, and less than a hash.
const SHARE: usize = 16 << 20;
/// How long an instance has such a place at most. What needs the memory is over by then, and a
/// stream or a run of deliveries that lives on would hold up all others of its component.
const HELD: Duration = Duration::from_secs(10);
/// How many may wait for each place among the large ones. They are served in about the time
/// that a request waits at most.
const QUEUE: usize = 32;
/// The most elements of one table.
const TABLE: usize = 100_000;

/// The linear memory of all instances of one server.
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    refusals: Counter,
}

/// The places of the large instances of one component.
pub(crate) struct Places {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    wait: Duration,
}

impl Budget {
    /// Nothing is used yet. `refusals` counts what there was no room for.
    pub(crate) fn new(limits: &Limits, refusals: Counter) -> Self {
        Self { total: limits.total_memory, used: AtomicUsize::new(0), refusals }
    }

    fn take(&self, bytes: usize) -> bool {
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            used.checked_add(bytes).filter(|sum| *sum <= self.total)
        });
        taken.is_ok()
    }

    /// Whether instances that rest have all that they should: the other half is for those
    /// that work.
    fn is_half_used(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.total / 2
    }
}

impl Places {
    /// All are free.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.max_large)),
            waiting: AtomicUsize::new(0),
            queue: limits.max_large * QUEUE,
            wait: limits.max_queue_wait,
        }
    }

    /// A place among the large instances. `None` when none comes free in time, or too many
    /// wait already.
    async fn take(&self) -> Option<Large> {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return Some(large(place));
        }
        let _waiting = Waiting::among(&self.waiting, self.queue)?;
        let place = tokio::time::timeout(self.wait, self.free.clone().acquire_owned());
        place.await.ok()?.ok().map(large)
    }
}

/// A place among the large instances, for a time.
type Large = AbortOnDropHandle<()>;

fn large(place: OwnedSemaphorePermit) -> Large {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(HELD).await;
        drop(place);
    }))
}

/// One of those that wait, also when its request ends meanwhile.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let one = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < most).then_some(one)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The linear memory of one instance.
pub(crate) struct Memory {
    limit: usize,
    /// What all instances of the component have, in bytes.
    shown: Gauge,
    used: usize,
    /// What it had before its first request.
    start: Option<usize>,
    places: Arc<Places>,
    place: Option<Large>,
    marks: Marks,
}

/// What others want to know of an instance's memory while its store is in use.
#[derive(Clone)]
pub(crate) struct Marks {
    spent: Arc<AtomicBool>,
    refused: Arc<AtomicBool>,
    budget: Arc<Budget>,
}

impl Marks {
    /// Whether it was refused memory because there was no room for it.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// Whether it may serve another request.
    pub(crate) fn may_rest(&self) -> bool {
        !self.spent.load(Ordering::Relaxed) && !self.budget.is_half_used()
    }
}

impl Memory {
    /// Of an instance that may take `limit` bytes.
    pub(crate) fn new(
        limit: usize,
        budget: Arc<Budget>,
        places: Arc<Places>,
        shown: Gauge,
    ) -> Self {
        let marks = Marks { spent: Arc::default(), refused: Arc::default(), budget };
        Self { limit, shown, used: 0, start: None, places, place: None, marks }
    }

    /// What it has now is what it begins with.
    pub(crate) fn begins(&mut self) {
        self.start = Some(self.used);
    }

    /// A refusal of an earlier request is none of the next.
    pub(crate) fn forget(&mut self) {
        self.marks.refused.store(false, Ordering::Relaxed);
    }

    /// See [`Marks`].
    pub(crate) fn marks(&self) -> Marks {
        self.marks.clone()
    }

    async fn grow(&mut self, by: usize) -> bool {
        let used = self.used.saturating_add(by);
        if used > self.limit {
            return false;
        }
        let grown = self.start.map_or(0, |start| used.saturating_sub(start));
        if grown > SHARE && self.place.is_none() {
            self.place = self.places.take().await;
        }
        if (grown > SHARE && self.place.is_none()) || !self.marks.budget.take(by) {
            self.marks.budget.refusals.inc();
            self.marks.refused.store(true, Ordering::Release);
            return false;
        }
        if grown > KEPT {
            self.marks.spent.store(true, Ordering::Relaxed);
        }
        self.used = used;
        self.shown.inc_by(i64::try_from(by).unwrap_or(i64::MAX));
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.marks.budget.used.fetch_sub(self.used, Ordering::Relaxed);
        self.shown.dec_by(i64::try_from(self.used).unwrap_or(i64::MAX));
    }
}

#[async_trait]
impl wasmtime::ResourceLimiterAsync for Memory {
    async fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(desired.saturating_sub(current)).await)
    }

    async fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(total_memory: usize) -> Arc<Budget> {
        let limits = Limits { total_memory, ..Limits::default() };
        Arc::new(Budget::new(&limits, Counter::default()))
    }

    /// Of a component.
    fn places() -> Arc<Places> {
        Arc::new(Places::new(&Limits { max_large: 1, ..Limits::default() }))
    }

    /// An instance that has begun, and may take anything.
    fn instance(budget: &Arc<Budget>, places: &Arc<Places>) -> Memory {
        let (budget, places) = (budget.clone(), places.clone());
        let mut memory = Memory::new(usize::MAX, budget, places, Gauge::default());
        memory.begins();
        memory
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_when_its_instance_is_gone_or_has_had_it_for_long() {
        let (budget, places, others) = (budget(usize::MAX), places(), places());
        let [mut one, mut two, mut three] = [(); 3].map(|()| instance(&budget, &places));
        assert!(one.grow(SHARE).await && two.grow(SHARE).await, "these are not large");
        assert!(one.grow(1).await);
        assert!(!two.grow(1).await && two.marks().is_refused());
        assert!(instance(&budget, &others).grow(SHARE + 1).await, "of another component");
        drop(one);
        assert!(two.grow(1).await);
        assert!(!three.grow(SHARE + 1).await);
        tokio::time::sleep(HELD).await;
        assert!(three.grow(SHARE + 1).await && two.grow(1).await, "who has had one may go on");
    }

    #[tokio::test]
    async fn all_have_what_they_may_and_give_it_back() {
        let budget = budget(10 << 20);
        let places = places();
        let (mut one, mut two) = (instance(&budget, &places), instance(&budget, &places));
        assert!(one.grow(KEPT).await && one.marks().may_rest());
        assert!(two.grow(KEPT).await && !two.marks().may_rest(), "more than half is used");
        assert!(!two.grow(3 << 20).await && two.marks().is_refused());
        drop(one);
        assert!(two.marks().may_rest() && two.grow(1).await);
        assert!(!two.marks().may_rest(), "it has grown");
        drop(two);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }
}
