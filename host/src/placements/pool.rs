//! Instances of a component. Each serves one request at a time.
//!
//! An instance that comes back is warm in the cache of the thread that used it. So every thread has
//! its own stack, and looks at the stacks of other threads before a new instance is made. Reuse is
//! only an optimization: an instance may be dropped at any time.

use super::admission::{Admission, Full, Permit, Turn};
use crate::config::options::Limits;
use crate::guest::memory::IDLE_TIMEOUT;
use crate::guest::state::{State, StoreFactory, rearm};
use gateway::Fault;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use wasmtime::Store;

/// A linked component, of which a pool makes instances.
pub(super) trait Linked: Send + Sync + 'static {
    /// What an instance exports.
    type Exports: Send;
    /// The number of calls after which an instance is dropped.
    const MAX_CALLS: usize;

    /// Makes an instance in this store.
    fn instantiate(
        &self,
        store: &mut Store<State>,
    ) -> impl Future<Output = wasmtime::Result<Self::Exports>> + Send;
}

/// One instance.
pub(super) struct Instance<E> {
    pub(super) store: Store<State>,
    pub(super) exports: E,
    calls: usize,
}

/// An instance that is in use. Dropping the lease drops the instance.
pub(super) struct Lease<E> {
    pub(super) instance: Box<Instance<E>>,
    permit: Permit,
}

impl<E> Lease<E> {
    /// The instance is used on, but its place may be taken by another call.
    pub(super) fn hold(&mut self) {
        self.permit.hold();
    }
}

/// An idle instance. It is boxed, because a lease is moved often and an instance is large.
struct IdleInstance<E> {
    since: Instant,
    instance: Box<Instance<E>>,
}

/// Idle instances. The one that has been idle longest is at the bottom.
type Stack<E> = Vec<IdleInstance<E>>;

/// The instances of one component.
pub(super) struct Pool<L: Linked> {
    factory: StoreFactory,
    component: L,
    stacks: Box<[Mutex<Stack<L::Exports>>]>,
    admission: Arc<Admission>,
}

/// The number of this thread, which selects its stack.
fn thread_number() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! { static NUMBER: Cell<Option<usize>> = const { Cell::new(None) } }
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let new = THREADS.fetch_add(1, Ordering::Relaxed);
            number.set(Some(new));
            new
        })
    })
}

impl<L: Linked> Pool<L> {
    /// An empty pool. Must be called within the runtime, because idle instances are dropped by a
    /// task. The task ends with the pool.
    pub(super) fn new(factory: StoreFactory, component: L, limits: &Limits) -> Arc<Self> {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        let pool = Arc::new(Self {
            factory,
            component,
            stacks: (0..threads).map(|_| Mutex::default()).collect(),
            admission: Admission::new(limits),
        });
        tokio::spawn(sweep(Arc::downgrade(&pool)));
        pool
    }

    /// Takes an idle instance, or makes a new one. If too many are in use, then this waits for its
    /// turn, for a bounded time.
    pub(super) async fn take(&self, turn: Turn<'_>) -> Result<Lease<L::Exports>, Fault> {
        let permit = self.admission.enter(turn).await.map_err(|Full| Fault::Busy)?;
        if let Some(mut instance) = self.take_idle() {
            rearm(&mut instance.store);
            instance.calls += 1;
            return Ok(Lease { instance, permit });
        }
        let mut store = self.factory.store();
        let memory = store.data().memory.status();
        match self.component.instantiate(&mut store).await {
            Ok(exports) => {
                store.data_mut().memory.record_start();
                let instance = Box::new(Instance { store, exports, calls: 1 });
                Ok(Lease { instance, permit })
            }
            Err(error) if error.is::<wasmtime::PoolConcurrencyLimitError>() => Err(Fault::Busy),
            Err(_) if memory.was_refused() => Err(Fault::Busy),
            Err(error) => Err(Fault::Trapped(format!("it cannot be instantiated: {error:#}"))),
        }
    }

    /// Returns an instance that has nothing left to do to the pool.
    pub(super) fn put(&self, lease: Lease<L::Exports>) {
        let is_spent = lease.instance.calls >= L::MAX_CALLS;
        if is_spent || !lease.instance.store.data().memory.status().is_reusable() {
            return;
        }
        // The order matters: the permit is released after the instance is on the stack. Otherwise a
        // task that waits for the permit could look at the stack too early.
        let Lease { instance, permit } = lease;
        let idle = IdleInstance { since: Instant::now(), instance };
        self.stacks[thread_number() % self.stacks.len()].lock().push(idle);
        drop(permit);
    }

    fn take_idle(&self) -> Option<Box<Instance<L::Exports>>> {
        let own = thread_number() % self.stacks.len();
        let mine = self.stacks[own].lock().pop();
        let found = mine.or_else(|| {
            let others = (1..self.stacks.len()).map(|step| (own + step) % self.stacks.len());
            others.filter_map(|other| self.stacks[other].try_lock()?.pop()).next()
        });
        found.map(|idle| idle.instance)
    }
}

/// Drops instances that have been idle for long, for as long as the pool lives.
async fn sweep<L: Linked>(pool: std::sync::Weak<Pool<L>>) {
    loop {
        tokio::time::sleep(IDLE_TIMEOUT / 4).await;
        let Some(pool) = pool.upgrade() else { return };
        for stack in &pool.stacks {
            let mut stack = stack.lock();
            let old = stack.partition_point(|idle| idle.since.elapsed() >= IDLE_TIMEOUT);
            let old: Vec<_> = stack.drain(..old).collect();
            drop(stack);
            drop(old);
        }
    }
}
