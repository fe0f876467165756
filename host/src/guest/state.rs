//! The data of one instance of a guest, and how an instance is set up.

use crate::guest::grants::Grants;
use crate::guest::interfaces::outbound::Outbound;
use crate::guest::interfaces::stdio::Lines;
use crate::guest::memory::{Budget, ComponentMemory, Memory};
use crate::guest::outbound::OwnServer;
use crate::system::clock::Clock;
use crate::system::log::Sink;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime::{AsContextMut, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Epoch ticks that a guest may compute before it yields to other work on its thread.
const YIELD_TICKS: u64 = 2;

/// The data of one instance's store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) grants: Arc<Grants>,
    pub(crate) memory: Memory,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}

/// Makes the stores of one component.
#[derive(Clone)]
pub(crate) struct StoreFactory {
    pub(crate) engine: Engine,
    pub(crate) grants: Arc<Grants>,
    pub(crate) log: Sink,
    /// Bytes of linear memory of one instance.
    pub(crate) memory: usize,
    /// The memory budget of all instances of the server.
    pub(crate) budget: Arc<Budget>,
    /// The places of the component's large instances.
    pub(crate) component_memory: Arc<ComponentMemory>,
    /// The gauge of the memory of all instances of the component.
    pub(crate) gauge: Gauge,
    /// A clock for the guests instead of the machine's.
    pub(crate) clock: Option<Clock>,
    /// The server itself, for a guest that may send requests to it.
    pub(crate) own: Option<OwnServer>,
}

impl StoreFactory {
    /// A store with the component's grants and nothing else: no files, no network, no
    /// environment, no arguments.
    pub(crate) fn store(&self) -> Store<State> {
        let mut wasi = WasiCtx::builder();
        wasi.stdout(Lines::output(self.log.clone()))
            .stderr(Lines::errors(self.log.clone(), &self.grants.component))
            .allow_tcp(false)
            .allow_udp(false);
        if let Some(clock) = &self.clock {
            wasi.wall_clock(clock.clone());
        }
        let mut store = Store::new(
            &self.engine,
            State {
                table: ResourceTable::new(),
                grants: self.grants.clone(),
                memory: Memory::new(
                    self.memory,
                    self.budget.clone(),
                    self.component_memory.clone(),
                    self.gauge.clone(),
                ),
                wasi: wasi.build(),
                http: WasiHttpCtx::new(),
                outbound: Outbound::new(self.grants.clone(), self.own.clone()),
            },
        );
        store.limiter_async(|state| &mut state.memory);
        store.epoch_deadline_async_yield_and_update(1);
        rearm(&mut store);
        store
    }
}

/// Gives the guest a full turn. Without it an instance that has been idle would yield at once. Also
/// clears the mark of an earlier refusal of memory.
pub(crate) fn rearm(mut store: impl AsContextMut<Data = State>) {
    let mut store = store.as_context_mut();
    store.set_epoch_deadline(YIELD_TICKS);
    store.data_mut().memory.clear_refusal();
}
