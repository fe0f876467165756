//! Open connections: how many there may be for each address and in total, and which of them are
//! closed to make room for others. Only a connection that waits for its client is closed, because
//! then no work is lost. A connection whose request is being answered is never closed to make room.

mod bodies;

pub(crate) use bodies::{BodyMemory, LimitReached, Reservation};

use crate::config::options::Connections as Limits;
use gateway::Proxy;
use gateway::limits::network;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// The server keeps one more connection for each so many that it allows. The extra connections are
/// for addresses that have few, when all others are taken. So operators and new clients get an
/// answer even from a full server.
const RESERVE: usize = 10;
/// A few more are kept for this machine, where operators are.
const LOOPBACK: usize = 16;
/// An address with this many connections no longer counts as having few.
const FEW_CONNECTIONS: usize = 8;
/// How many connections are closed at once when the server is full, because finding them takes a
/// scan of all.
const BATCH: usize = 32;
/// How long there is no new scan after one that has found none.
const SCAN_INTERVAL: Duration = Duration::from_millis(100);

/// The proxies of the variable `trusted_proxies`. The address of a proxy stands for many clients.
/// Not set until the variables are read.
pub(crate) type Proxies = Arc<OnceLock<Vec<Proxy>>>;

/// The unit in which connections are counted, which is that of the gateway's limits. `None` for a
/// trusted proxy.
pub(crate) fn accounting_key(proxies: &Proxies, peer: IpAddr) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if proxies.get().is_some_and(|proxies| proxies.iter().any(|proxy| proxy.contains(peer))) {
        return None;
    }
    Some(network(peer))
}

/// All connections of one server.
pub(crate) struct Connections {
    limits: Limits,
    proxies: Proxies,
    began: Instant,
    table: Mutex<ConnectionTable>,
}

#[derive(Default)]
struct ConnectionTable {
    all: usize,
    by: HashMap<Option<IpAddr>, Vec<Arc<ConnectionState>>>,
    last_scan: Option<Instant>,
}

/// The state of a connection that other connections look at.
pub(crate) struct ConnectionState {
    address: Option<IpAddr>,
    /// The start of the server.
    began: Instant,
    /// Since when the connection waits for its client, in milliseconds after `began`. `BUSY` if it
    /// does not wait, `EVICTED` if it was closed to make room.
    idle_since: AtomicU64,
    /// Whether its client has not taken all bytes of an answer yet.
    has_unsent: AtomicBool,
    evicted: CancellationToken,
}

const BUSY: u64 = u64::MAX;
const EVICTED: u64 = BUSY - 1;

impl ConnectionState {
    fn new(address: Option<IpAddr>, began: Instant) -> Self {
        let (idle_since, has_unsent) = (AtomicU64::new(BUSY), AtomicBool::new(false));
        let state =
            Self { address, began, idle_since, has_unsent, evicted: CancellationToken::new() };
        state.set_idle();
        state
    }

    /// Records that the connection waits for its client from now on.
    pub(crate) fn set_idle(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(EVICTED - 1);
        self.transition(now);
    }

    /// Records that the server works for the connection from now on. If the connection was closed
    /// to make room, then this never returns, so no new work begins. The task that serves the
    /// connection is dropped.
    pub(crate) async fn set_busy(&self) {
        if !self.transition(BUSY) {
            std::future::pending().await
        }
    }

    /// Sets the state; false if the connection was closed to make room.
    fn transition(&self, since: u64) -> bool {
        let unless_evicted = |now| (now != EVICTED).then_some(since);
        self.idle_since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_evicted).is_ok()
    }

    /// Closes the connection to make room; false if it does not wait any more.
    fn try_evict(&self) -> bool {
        let Some(since) = self.idle_since() else { return false };
        let order = Ordering::Relaxed;
        let evicted = self.idle_since.compare_exchange(since, EVICTED, order, order).is_ok();
        if evicted {
            self.evicted.cancel();
        }
        evicted
    }

    /// Records whether its client has not taken all bytes of a written answer yet.
    pub(crate) fn set_unsent(&self, unsent: bool) {
        self.has_unsent.store(unsent, Ordering::Relaxed);
    }

    fn idle_since(&self) -> Option<u64> {
        if self.has_unsent.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.idle_since.load(Ordering::Relaxed)).filter(|since| *since < EVICTED)
    }
}

/// A connection that was admitted. Dropping it makes room for another.
pub(crate) struct ConnectionPermit {
    connections: Arc<Connections>,
    state: Arc<ConnectionState>,
}

/// A request that is being handled. While this lives, its connection can be closed to make room
/// only while the rest of the request body is awaited.
pub(crate) struct ActiveRequest(Arc<ConnectionState>);

impl Connections {
    /// There are no connections yet.
    pub(crate) fn new(limits: Limits, proxies: Proxies) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { limits, proxies, began: Instant::now(), table })
    }

    /// Admits a connection of `peer`. Returns `None` if the limit of its address or of the server
    /// is reached and no waiting connection can be closed.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<ConnectionPermit> {
        let address = accounting_key(&self.proxies, peer);
        let table = &mut *self.table.lock();
        let own = table.by.get(&address).map_or(0, Vec::len);
        if address.is_some() && own >= self.limits.per_address {
            if !table.evict_idle_of(address) {
                return None;
            }
        } else if table.all >= self.limits.total && !table.evict_idle() {
            let own_machine = if peer.to_canonical().is_loopback() { LOOPBACK } else { 0 };
            let reserve = self.limits.total.div_ceil(RESERVE) + own_machine;
            if own >= FEW_CONNECTIONS || table.all >= self.limits.total + reserve {
                return None;
            }
        }
        let state = Arc::new(ConnectionState::new(address, self.began));
        table.by.entry(address).or_default().push(state.clone());
        table.all += 1;
        Some(ConnectionPermit { connections: self.clone(), state })
    }

    /// Closes some waiting connections, for when the machine has no room for another one.
    pub(crate) fn evict_some(&self) {
        self.table.lock().evict_idle();
    }
}

impl ConnectionTable {
    /// Closes the connection of this address that has waited longest; false if none waits.
    fn evict_idle_of(&mut self, address: Option<IpAddr>) -> bool {
        loop {
            let states = self.by.get(&address).into_iter().flatten();
            let waiting = states.filter_map(|state| Some((state.idle_since()?, state)));
            let Some((_, oldest)) = waiting.min_by_key(|(since, _)| *since) else { return false };
            // The end fails if the connection has begun to work meanwhile. Then the next one is
            // tried.
            let oldest = oldest.clone();
            if self.evict(&oldest) {
                return true;
            }
        }
    }

    /// Closes the connections that have waited longest; false if none waits.
    fn evict_idle(&mut self) -> bool {
        let now = Instant::now();
        if self.last_scan.is_some_and(|last| now - last < SCAN_INTERVAL) {
            return false;
        }
        let known = self.by.iter().filter(|(address, _)| address.is_some());
        let waiting = known.flat_map(|(_, states)| states).filter_map(|state| {
            let since = state.idle_since()?;
            Some((since, state))
        });
        let mut waiting: Vec<(u64, Arc<ConnectionState>)> =
            waiting.map(|(since, state)| (since, state.clone())).collect();
        if waiting.is_empty() {
            self.last_scan = Some(now);
            return false;
        }
        if waiting.len() > BATCH {
            waiting.select_nth_unstable_by_key(BATCH - 1, |(since, _)| *since);
            waiting.truncate(BATCH);
        }
        let ended = waiting.iter().filter(|(_, state)| self.evict(state));
        ended.count() > 0
    }

    fn evict(&mut self, state: &Arc<ConnectionState>) -> bool {
        let evicted = state.try_evict();
        if evicted {
            self.remove(state);
        }
        evicted
    }

    fn remove(&mut self, state: &Arc<ConnectionState>) {
        let Some(states) = self.by.get_mut(&state.address) else { return };
        let Some(at) = states.iter().position(|other| Arc::ptr_eq(other, state)) else { return };
        states.swap_remove(at);
        self.all -= 1;
        if states.is_empty() {
            self.by.remove(&state.address);
        }
    }
}

impl ConnectionPermit {
    /// Is cancelled when the connection has to close to make room.
    pub(crate) fn evicted(&self) -> CancellationToken {
        self.state.evicted.clone()
    }

    /// Its seat.
    pub(crate) fn state(&self) -> Arc<ConnectionState> {
        self.state.clone()
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.table.lock().remove(&self.state);
    }
}

impl ActiveRequest {
    /// Begins a request; see [`ConnectionState::set_busy`].
    pub(crate) async fn begin(state: Arc<ConnectionState>) -> Self {
        state.set_busy().await;
        Self(state)
    }

    /// Its connection.
    pub(crate) fn state(&self) -> Arc<ConnectionState> {
        self.0.clone()
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.set_idle();
    }
}

#[cfg(test)]
mod tests;
