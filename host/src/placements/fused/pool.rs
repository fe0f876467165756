//! Instances of a route component. Each serves one request at a time.
//!
//! An instance that comes back is warm in the cache of the thread that used it. So every thread has
//! its own stack, and looks at the stacks of other threads before a new instance is made. Reuse is
//! only an optimization: an instance may be dropped at any time.

use super::bindings::{Function, FunctionPre};
use crate::config::options::Limits;
use crate::guest::memory::IDLE_TIMEOUT;
use crate::guest::state::{State, StoreFactory, rearm};
use gateway::Fault;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::Store;

/// One instance.
pub(super) struct Instance {
    pub(super) store: Store<State>,
    pub(super) exports: Function,
}

/// An instance that is in use. Dropping the lease drops the instance.
pub(super) struct Lease {
    pub(super) instance: Box<Instance>,
    _permit: OwnedSemaphorePermit,
}

/// An idle instance. It is boxed, because a lease is moved often and an instance is large.
struct IdleInstance {
    since: Instant,
    instance: Box<Instance>,
}

/// The instances of one component.
pub(super) struct Pool {
    factory: StoreFactory,
    component: FunctionPre<State>,
    stacks: Box<[Mutex<Vec<IdleInstance>>]>,
    permits: Arc<Semaphore>,
    wait: Duration,
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

impl Pool {
    /// An empty pool.
    pub(super) fn new(
        factory: StoreFactory,
        component: FunctionPre<State>,
        limits: &Limits,
    ) -> Self {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        Self {
            factory,
            component,
            stacks: (0..threads).map(|_| Mutex::default()).collect(),
            permits: Arc::new(Semaphore::new(limits.max_instances)),
            wait: limits.max_queue_wait,
        }
    }

    /// Takes an idle instance, or makes a new one. If all are in use, then this waits a bounded
    /// time.
    pub(super) async fn take(&self) -> Result<Lease, Fault> {
        let permit = match self.permits.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let permit = self.permits.clone().acquire_owned();
                let permit = tokio::time::timeout(self.wait, permit).await;
                permit.map_err(|_| Fault::Busy)?.map_err(|_| Fault::Busy)?
            }
        };
        if let Some(mut instance) = self.take_idle() {
            rearm(&mut instance.store);
            return Ok(Lease { instance, _permit: permit });
        }
        let mut store = self.factory.store();
        let memory = store.data().memory.status();
        match self.component.instantiate_async(&mut store).await {
            Ok(exports) => {
                store.data_mut().memory.record_start();
                Ok(Lease { instance: Box::new(Instance { store, exports }), _permit: permit })
            }
            Err(error) if error.is::<wasmtime::PoolConcurrencyLimitError>() => Err(Fault::Busy),
            Err(_) if memory.was_refused() => Err(Fault::Busy),
            Err(error) => Err(Fault::Trapped(format!("it cannot be instantiated: {error:#}"))),
        }
    }

    /// Returns an instance that has nothing left to do to the pool.
    pub(super) fn put(&self, lease: Lease) {
        if !lease.instance.store.data().memory.status().is_reusable() {
            return;
        }
        // The order matters: the permit is released after the instance is on the stack. Otherwise a
        // task that waits for the permit could look at the stack too early.
        let Lease { instance, _permit: permit } = lease;
        let idle = IdleInstance { since: Instant::now(), instance };
        self.stacks[thread_number() % self.stacks.len()].lock().push(idle);
        drop(permit);
    }

    fn take_idle(&self) -> Option<Box<Instance>> {
        let own = thread_number() % self.stacks.len();
        let mine = self.stacks[own].lock().pop();
        let found = mine.or_else(|| {
            let others = (1..self.stacks.len()).map(|step| (own + step) % self.stacks.len());
            others.filter_map(|other| self.stacks[other].try_lock()?.pop()).next()
        });
        found.map(|idle| idle.instance)
    }

    /// Drops instances that have been idle for long, for as long as the pool lives.
    pub(super) fn sweep(self: &Arc<Self>) {
        let pool = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE_TIMEOUT / 4).await;
                let Some(pool) = pool.upgrade() else { return };
                for stack in &pool.stacks {
                    let mut stack = stack.lock();
                    // The instance that has been idle longest is at the bottom.
                    let old = stack.partition_point(|idle| idle.since.elapsed() >= IDLE_TIMEOUT);
                    let old: Vec<_> = stack.drain(..old).collect();
                    drop(stack);
                    drop(old);
                }
            }
        });
    }
}
