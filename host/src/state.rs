//! What belongs to one instance of a guest, and how it is set up.

use crate::clock::Clock;
use crate::grants::Grants;
use crate::interfaces::outbound::Outbound;
use crate::interfaces::stdio::Lines;
use crate::log::Sink;
use std::net::SocketAddr;
use std::sync::Arc;
use wasmtime::component::ResourceTable;
use wasmtime::{AsContextMut, Engine, ResourceLimiter, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Epoch ticks that a guest may compute before other work gets a turn on its thread.
const TURN: u64 = 2;
/// The most elements of one table.
const TABLE: usize = 100_000;

/// The data of one instance's store.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) grants: Arc<Grants>,
    pub(crate) memory: Memory,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    outbound: Outbound,
}

/// Counts the linear memory of an instance against its limit, in bytes.
pub(crate) struct Memory {
    limit: usize,
    used: usize,
}

impl Memory {
    /// Whether so much is used that the instance should not serve another request: memory
    /// that a guest has taken never comes back.
    pub(crate) fn is_tight(&self) -> bool {
        self.used > self.limit / 4 * 3
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.limit {
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE)
    }
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
pub(crate) struct Maker {
    pub(crate) engine: Engine,
    pub(crate) grants: Arc<Grants>,
    pub(crate) log: Sink,
    /// Bytes of linear memory.
    pub(crate) memory: usize,
    /// A clock for the guests instead of the machine's.
    pub(crate) clock: Option<Clock>,
    /// The server's own address, for a guest that may ask there.
    pub(crate) own: Option<SocketAddr>,
}

impl Maker {
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
                memory: Memory { limit: self.memory, used: 0 },
                wasi: wasi.build(),
                http: WasiHttpCtx::new(),
                outbound: Outbound::new(self.grants.clone(), self.own),
            },
        );
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_async_yield_and_update(1);
        rearm(&mut store);
        store
    }
}

/// Gives the guest a full turn. Without it an instance that has rested gives way at once.
pub(crate) fn rearm(mut store: impl AsContextMut) {
    store.as_context_mut().set_epoch_deadline(TURN);
}
