//! Instances of a `wasi:http` component: when they are made and how long they live.

use crate::config::options::Limits;
use crate::guest::memory::{IDLE_TIMEOUT, MemoryStatus};
use crate::guest::state::{State, StoreFactory, rearm};
use crate::http::body::exchange::Exchange;
use crate::http::problem;
use crate::system::log::Sink;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::Sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

/// The number of requests after which an instance gets no other request. An instance leaks memory
/// with each request: for a call between components that returns at once, Wasmtime 48 keeps the
/// task, about 330 bytes, because its `start_call` gives the caller no handle to delete it by
/// (component/concurrent.rs). So an instance keeps 330 KB at most.
const REQUESTS: usize = 1_000;
/// A request has two timeouts. The second fires this much later than the first.
const SLACK: Duration = Duration::from_secs(1);

/// Makes the instances of one component.
pub(super) struct Factory {
    factory: StoreFactory,
    component: ProxyPre<State>,
    request: Duration,
    stream: Duration,
    end: CancellationToken,
}

impl Factory {
    /// Makes instances of `component`. `end` ends every instance, whatever it does.
    pub(super) fn new(
        factory: StoreFactory,
        component: ProxyPre<State>,
        limits: &Limits,
        end: CancellationToken,
    ) -> Self {
        Self { factory, component, request: limits.request, stream: limits.stream, end }
    }

    /// Logs a problem of this component.
    pub(super) fn report(&self, error: &wasmtime::Error) {
        let (component, error) = (&*self.factory.grants.component, problem::one_line(error));
        self.factory.log.emit(|| tracing::error!(component, "{error}"));
    }
}

impl HandlerState for Factory {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store = self.factory.store();
        let proxy = self.component.instantiate_async(&mut store).await?;
        store.data_mut().memory.record_start();
        let memory = store.data().memory.status();
        let exchange = Arc::new(Mutex::new(Exchange::default()));
        let is_idle = Arc::new(AtomicBool::new(true));
        let expired = Arc::new(AtomicBool::new(false));
        Ok(Instance {
            store,
            proxy,
            view: |state| state.http(),
            expiration: Expiration {
                request: self.request + SLACK,
                stream: self.stream,
                watched: None,
                is_idle: is_idle.clone(),
                expired: expired.clone(),
                exchange: exchange.clone(),
                alarm: Box::pin(tokio::time::sleep(IDLE_TIMEOUT)),
                end: Box::pin(self.end.clone().cancelled_owned()),
            },
            state: Worker {
                request: self.request,
                log: self.factory.log.clone(),
                end: self.end.clone(),
                is_idle,
                expired,
                exchange,
                memory,
            },
        })
    }
}

/// Decides which requests an instance takes.
pub(super) struct Worker {
    request: Duration,
    log: Sink,
    end: CancellationToken,
    is_idle: Arc<AtomicBool>,
    /// Set if a request was not answered in time.
    expired: Arc<AtomicBool>,
    /// The exchange of the latest request.
    exchange: Arc<Mutex<Exchange>>,
    memory: MemoryStatus,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = Exchange;

    /// Takes one request at a time. A request lasts until its streaming response and its background
    /// work have ended. So a trap costs only the request that it happens in.
    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        // The instance always takes its first request, because it was made for it.
        if total >= REQUESTS || (total > 0 && !self.memory.is_reusable()) {
            return ShouldAccept::Never;
        }
        match concurrent == 0 && self.is_idle.load(Ordering::Relaxed) {
            true => ShouldAccept::Yes,
            false => ShouldAccept::No,
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        exchange: Exchange,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        rearm(&mut store);
        self.is_idle.store(false, Ordering::Relaxed);
        exchange.assign(self.memory.clone());
        *self.exchange.lock() = exchange;
        let (time, expired) = (self.request, self.expired.clone());
        Box::pin(async move {
            tokio::time::sleep(time).await;
            expired.store(true, Ordering::Relaxed);
        })
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        let exchange = self.exchange.lock();
        if result.is_err() || self.end.is_cancelled() {
            exchange.mark_broken();
        }
        if let Err(error) = result
            && !(self.end.is_cancelled() || exchange.is_abandoned() || exchange.was_refused())
        {
            let (component, error) = (&*store.data().grants.component, problem::one_line(&error));
            self.log.emit(|| tracing::error!(component, "{error}"));
        }
    }
}

/// Ends an instance that is idle for too long, or whose guest does not finish.
pub(super) struct Expiration {
    request: Duration,
    stream: Duration,
    watched: Option<(WorkerStatus, Instant)>,
    is_idle: Arc<AtomicBool>,
    expired: Arc<AtomicBool>,
    exchange: Arc<Mutex<Exchange>>,
    alarm: Pin<Box<Sleep>>,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        since: Instant,
    ) -> Poll<()> {
        if self.watched != Some((status, since)) {
            self.watched = Some((status, since));
            let time = match status {
                WorkerStatus::Idle => IDLE_TIMEOUT,
                WorkerStatus::Requests => self.request,
                // Nobody waits for the result any more.
                WorkerStatus::PostReturn if self.expired.load(Ordering::Relaxed) => Duration::ZERO,
                WorkerStatus::PostReturn => self.stream,
            };
            self.alarm.as_mut().reset((since + time).into());
            if status == WorkerStatus::Idle && !self.is_idle.swap(true, Ordering::Relaxed) {
                // The worker has already asked whether it may take a request, and was refused. The
                // wake-up makes it ask again.
                cx.waker().wake_by_ref();
            }
        }
        let is_abandoned = self.exchange.lock().poll_abandoned(cx);
        if is_abandoned || self.end.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        ready!(self.alarm.as_mut().poll(cx));
        Poll::Ready(())
    }
}
