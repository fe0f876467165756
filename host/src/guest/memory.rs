//! The linear memory of guests: how much one instance may take, how much all instances may take,
//! and when an instance is not kept for another request.
//!
//! An instance never gives back memory while it lives. So an instance that has grown serves its
//! request and is dropped. Only few instances may be large at the same time: hashing a password
//! takes 19 MiB and a core (`components/auth/src/password.rs`), and a hundred at once would take
//! both from all other requests. Each component has its own places for large instances. So somebody
//! who reads large lists from one component does not keep others from signing in at another. For the
//! same reason a component may take only as much memory as it leaves free.

use crate::config::options::Limits;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;
use wasmtime_wasi::async_trait;

/// How long an instance may be idle before it is dropped and its memory is given back.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many bytes an instance may take beyond its start size and still be kept. This is twice what
/// ordinary requests take, so they find their instances again.
const REUSABLE_GROWTH: usize = 4 << 20;
/// How many bytes an instance may take beyond its start size without a place among the large
/// instances. The largest body as JSON fits; a password hash does not.
const UNRESERVED_GROWTH: usize = 16 << 20;
/// How long an instance may hold such a place. The step that needs the memory is over by then. A
/// stream or a run of deliveries lives longer, and would block all others of its component.
const MAX_HOLD: Duration = Duration::from_secs(10);
/// How many requests may wait for each place. The places serve that many in about the longest time
/// that a request waits.
const QUEUE: usize = 32;
/// The most elements of one table.
const TABLE: usize = 100_000;

/// The linear memory of all instances of one server.
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    refusals: Counter,
}

/// What the instances of one component share: their part of all memory, and the places of the large
/// ones.
pub(crate) struct ComponentMemory {
    used: AtomicUsize,
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    wait: Duration,
}

impl Budget {
    /// Nothing is used yet. `refusals` counts how often memory was refused because there was no
    /// room.
    pub(crate) fn new(limits: &Limits, refusals: Counter) -> Self {
        Self { total: limits.total_memory, used: AtomicUsize::new(0), refusals }
    }

    /// Takes memory for a component if it is there, and if the component then has no more than is
    /// left.
    fn take(&self, bytes: usize, component: &ComponentMemory) -> bool {
        let own = component.used.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let taken = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let used = used.checked_add(bytes)?;
            (own <= self.total.checked_sub(used)?).then_some(used)
        });
        if taken.is_err() {
            component.used.fetch_sub(bytes, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize, component: &ComponentMemory) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        component.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether half of the memory is used. Idle instances may have at most half; the other half is
    /// for instances that serve a request.
    fn is_half_used(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.total / 2
    }
}

impl ComponentMemory {
    /// Nothing is used, and all places are free.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            used: AtomicUsize::new(0),
            free: Arc::new(Semaphore::new(limits.max_large)),
            waiting: AtomicUsize::new(0),
            queue: limits.max_large * QUEUE,
            wait: limits.max_queue_wait,
        }
    }

    /// Waits for a place among the large instances. Returns `None` if no place becomes free in
    /// time, or if too many wait already.
    async fn take_slot(&self) -> Option<LargePermit> {
        if let Ok(slot) = self.free.clone().try_acquire_owned() {
            return Some(large_permit(slot));
        }
        let _waiting = QueueGuard::enter(&self.waiting, self.queue)?;
        let slot = tokio::time::timeout(self.wait, self.free.clone().acquire_owned());
        slot.await.ok()?.ok().map(large_permit)
    }
}

/// A place among the large instances. It is released after [`MAX_HOLD`] at the latest.
type LargePermit = AbortOnDropHandle<()>;

fn large_permit(slot: OwnedSemaphorePermit) -> LargePermit {
    AbortOnDropHandle::new(tokio::spawn(async move {
        tokio::time::sleep(MAX_HOLD).await;
        drop(slot);
    }))
}

/// Counts one waiting request until this is dropped, also if the request ends while it waits.
struct QueueGuard<'a>(&'a AtomicUsize);

impl<'a> QueueGuard<'a> {
    fn enter(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        let one = Self(count);
        (count.fetch_add(1, Ordering::Relaxed) < most).then_some(one)
    }
}

impl Drop for QueueGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The linear memory of one instance.
pub(crate) struct Memory {
    limit: usize,
    /// The memory of all instances of the component, in bytes.
    gauge: Gauge,
    used: usize,
    /// The memory that it had before its first request, in bytes.
    start: Option<usize>,
    component: Arc<ComponentMemory>,
    slot: Option<LargePermit>,
    status: MemoryStatus,
}

/// The parts of an instance's memory state that others read while its store is in use.
#[derive(Clone)]
pub(crate) struct MemoryStatus {
    spent: Arc<AtomicBool>,
    refused: Arc<AtomicBool>,
    budget: Arc<Budget>,
}

impl MemoryStatus {
    /// Whether the instance was refused memory because there was no room.
    pub(crate) fn was_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// Whether the instance may be kept for another request.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.spent.load(Ordering::Relaxed) && !self.budget.is_half_used()
    }
}

impl Memory {
    /// The memory of an instance that may take `limit` bytes.
    pub(crate) fn new(
        limit: usize,
        budget: Arc<Budget>,
        component: Arc<ComponentMemory>,
        gauge: Gauge,
    ) -> Self {
        let status = MemoryStatus { spent: Arc::default(), refused: Arc::default(), budget };
        Self { limit, gauge, used: 0, start: None, component, slot: None, status }
    }

    /// Records the current size as the start size.
    pub(crate) fn record_start(&mut self) {
        self.start = Some(self.used);
    }

    /// Clears the mark of a refusal, because it concerned an earlier request.
    pub(crate) fn clear_refusal(&mut self) {
        self.status.refused.store(false, Ordering::Relaxed);
    }

    /// See [`MemoryStatus`].
    pub(crate) fn status(&self) -> MemoryStatus {
        self.status.clone()
    }

    async fn grow(&mut self, by: usize) -> bool {
        let used = self.used.saturating_add(by);
        if used > self.limit {
            return false;
        }
        let grown = self.start.map_or(0, |start| used.saturating_sub(start));
        if grown > UNRESERVED_GROWTH && self.slot.is_none() {
            self.slot = self.component.take_slot().await;
        }
        let budget = &self.status.budget;
        let has_slot = grown <= UNRESERVED_GROWTH || self.slot.is_some();
        if !has_slot || !budget.take(by, &self.component) {
            budget.refusals.inc();
            self.status.refused.store(true, Ordering::Release);
            return false;
        }
        if grown > REUSABLE_GROWTH {
            self.status.spent.store(true, Ordering::Relaxed);
        }
        self.used = used;
        self.gauge.inc_by(i64::try_from(by).unwrap_or(i64::MAX));
        true
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.status.budget.give_back(self.used, &self.component);
        self.gauge.dec_by(i64::try_from(self.used).unwrap_or(i64::MAX));
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

    /// A component with one place for large instances.
    fn component() -> Arc<ComponentMemory> {
        Arc::new(ComponentMemory::new(&Limits { max_large: 1, ..Limits::default() }))
    }

    /// An instance that has recorded its start size and has no limit of its own.
    fn instance(budget: &Arc<Budget>, component: &Arc<ComponentMemory>) -> Memory {
        let (budget, component) = (budget.clone(), component.clone());
        let mut memory = Memory::new(usize::MAX, budget, component, Gauge::default());
        memory.record_start();
        memory
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_when_its_instance_is_gone_or_has_had_it_for_long() {
        let (budget, shared, others) = (budget(usize::MAX), component(), component());
        let [mut one, mut two, mut three] = [(); 3].map(|()| instance(&budget, &shared));
        assert!(
            one.grow(UNRESERVED_GROWTH).await && two.grow(UNRESERVED_GROWTH).await,
            "these are not large"
        );
        assert!(one.grow(1).await);
        assert!(!two.grow(1).await && two.status().was_refused());
        assert!(
            instance(&budget, &others).grow(UNRESERVED_GROWTH + 1).await,
            "of another component"
        );
        drop(one);
        assert!(two.grow(1).await);
        assert!(!three.grow(UNRESERVED_GROWTH + 1).await);
        tokio::time::sleep(MAX_HOLD).await;
        assert!(
            three.grow(UNRESERVED_GROWTH + 1).await && two.grow(1).await,
            "who has had one may go on"
        );
    }

    #[tokio::test]
    async fn all_have_what_they_may_and_give_it_back() {
        let budget = budget(15 << 20);
        let (mut one, mut two) = (instance(&budget, &component()), instance(&budget, &component()));
        assert!(one.grow(REUSABLE_GROWTH).await && one.status().is_reusable());
        assert!(
            two.grow(REUSABLE_GROWTH).await && !two.status().is_reusable(),
            "more than half is used"
        );
        assert!(!two.grow(3 << 20).await && two.status().was_refused());
        drop(one);
        assert!(two.status().is_reusable() && two.grow(1).await);
        assert!(!two.status().is_reusable(), "it has grown");
        drop(two);
        assert_eq!(budget.used.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_component_leaves_as_much_as_it_has() {
        let budget = budget(1000);
        let (greedy, modest) = (component(), component());
        let [mut one, mut two] = [(); 2].map(|()| instance(&budget, &greedy));
        assert!(one.grow(300).await && two.grow(200).await);
        assert!(!two.grow(1).await && two.status().was_refused(), "it would have 501 of 1000");
        let mut other = instance(&budget, &modest);
        assert!(other.grow(250).await && !other.grow(1).await, "as much as is left then");
        drop(one);
        assert!(two.grow(175).await && !two.grow(1).await, "what was given back can be taken");
        drop((two, other));
        let used = [&budget.used, &greedy.used, &modest.used];
        assert_eq!(used.map(|used| used.load(Ordering::Relaxed)), [0, 0, 0]);
    }
}
