//! Instances of a `wasi:http` component: when they are made, how long they live.

use crate::log::Sink;
use crate::options::Limits;
use crate::problem;
use crate::state::{Maker, State, rearm};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::WasiHttpView as _;

/// How long an instance may rest before its memory is given back.
const REST: Duration = Duration::from_secs(60);
/// How much later the second of the two request timeouts fires.
const SLACK: Duration = Duration::from_secs(1);

/// Makes the instances of one component.
pub(super) struct Factory {
    maker: Maker,
    component: ProxyPre<State>,
    request: Duration,
    stream: Duration,
}

impl Factory {
    pub(super) fn new(maker: Maker, component: ProxyPre<State>, limits: &Limits) -> Self {
        Self { maker, component, request: limits.request, stream: limits.stream }
    }

    /// Logs a problem of this component.
    pub(super) fn report(&self, error: &wasmtime::Error) {
        let component = &self.maker.grants.component;
        self.maker.log.event("error", Some(component), &problem::one_line(error));
    }
}

impl HandlerState for Factory {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store = self.maker.store();
        let proxy = self.component.instantiate_async(&mut store).await?;
        Ok(Instance {
            store,
            proxy,
            view: |state| state.http(),
            expiration: Expiration {
                request: self.request + SLACK,
                stream: self.stream,
                watched: None,
                alarm: Box::pin(tokio::time::sleep(REST)),
            },
            state: Worker { request: self.request, log: self.maker.log.clone() },
        })
    }
}

/// Decides which requests an instance takes.
pub(super) struct Worker {
    request: Duration,
    log: Sink,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = ();

    /// One request at a time; the rest of a streaming response may overlap with the next.
    fn should_accept_request(&self, concurrent: usize, _: usize) -> ShouldAccept {
        if concurrent == 0 { ShouldAccept::Yes } else { ShouldAccept::No }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + 'static + Send + Sync>> {
        rearm(&mut store);
        Box::pin(tokio::time::sleep(self.request))
    }

    fn drop(&self, store: Store<State>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            let component = &store.data().grants.component;
            self.log.event("error", Some(component), &problem::one_line(&error));
        }
    }
}

/// Ends an instance that rests too long, or that a guest does not give back.
pub(super) struct Expiration {
    request: Duration,
    stream: Duration,
    watched: Option<(WorkerStatus, Instant)>,
    alarm: Pin<Box<Sleep>>,
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
                WorkerStatus::Idle => REST,
                WorkerStatus::Requests => self.request,
                WorkerStatus::PostReturn => self.stream,
            };
            self.alarm.as_mut().reset((since + time).into());
        }
        ready!(self.alarm.as_mut().poll(cx));
        Poll::Ready(())
    }
}
