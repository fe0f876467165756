//! Open connections: how many there may be for each address and in total, and which of them are
//! closed to make room for others. Only a connection that waits for its client is closed, because
//! then no work is lost. A connection whose request is being answered is never closed to make room.

mod bodies;

pub(crate) use bodies::{Bodies, Full, Share};

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
const FEW: usize = 8;
/// How many connections are closed at once when the server is full, because finding them takes a
/// scan of all.
const BATCH: usize = 32;
/// How long there is no new scan after one that has found none.
const PAUSE: Duration = Duration::from_millis(100);

/// The proxies of the variable `trusted_proxies`. The address of a proxy stands for many clients.
/// Not set until the variables are read.
pub(crate) type Proxies = Arc<OnceLock<Vec<Proxy>>>;

/// The unit in which connections are counted, which is that of the gateway's limits. `None` for a
/// trusted proxy.
pub(crate) fn counted(proxies: &Proxies, peer: IpAddr) -> Option<IpAddr> {
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
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<Option<IpAddr>, Vec<Arc<Seat>>>,
    looked: Option<Instant>,
}

/// The state of a connection that other connections look at.
pub(crate) struct Seat {
    address: Option<IpAddr>,
    /// The start of the server.
    began: Instant,
    /// Since when the connection waits for its client, in milliseconds after `began`. `BUSY` if it
    /// does not wait, `GONE` if it was closed to make room.
    waits: AtomicU64,
    /// Whether its client has not taken all bytes of an answer yet.
    takes: AtomicBool,
    gone: CancellationToken,
}

const BUSY: u64 = u64::MAX;
const GONE: u64 = BUSY - 1;

impl Seat {
    fn new(address: Option<IpAddr>, began: Instant) -> Self {
        let (waits, takes) = (AtomicU64::new(BUSY), AtomicBool::new(false));
        let seat = Self { address, began, waits, takes, gone: CancellationToken::new() };
        seat.wait();
        seat
    }

    /// Records that the connection waits for its client from now on.
    pub(crate) fn wait(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(GONE - 1);
        self.becomes(now);
    }

    /// Records that the server works for the connection from now on. If the connection was closed
    /// to make room, then this never returns, so no new work begins. The task that serves the
    /// connection is dropped.
    pub(crate) async fn work(&self) {
        if !self.becomes(BUSY) {
            std::future::pending().await
        }
    }

    /// Sets the state; false if the connection was closed to make room.
    fn becomes(&self, state: u64) -> bool {
        let unless_gone = |now| (now != GONE).then_some(state);
        self.waits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_gone).is_ok()
    }

    /// Closes the connection to make room; false if it does not wait any more.
    fn leave(&self) -> bool {
        let Some(since) = self.waits() else { return false };
        let order = Ordering::Relaxed;
        let left = self.waits.compare_exchange(since, GONE, order, order).is_ok();
        if left {
            self.gone.cancel();
        }
        left
    }

    /// Records whether its client has not taken all bytes of a written answer yet.
    pub(crate) fn takes(&self, takes: bool) {
        self.takes.store(takes, Ordering::Relaxed);
    }

    fn waits(&self) -> Option<u64> {
        if self.takes.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.waits.load(Ordering::Relaxed)).filter(|since| *since < GONE)
    }
}

/// A connection that was admitted. Dropping it makes room for another.
pub(crate) struct Place {
    connections: Arc<Connections>,
    seat: Arc<Seat>,
}

/// A request that is being handled. While this lives, its connection can be closed to make room
/// only while the rest of the request body is awaited.
pub(crate) struct Busy(Arc<Seat>);

impl Connections {
    /// There are no connections yet.
    pub(crate) fn new(limits: Limits, proxies: Proxies) -> Arc<Self> {
        let held = Mutex::default();
        Arc::new(Self { limits, proxies, began: Instant::now(), held })
    }

    /// Admits a connection of `peer`. Returns `None` if the limit of its address or of the server
    /// is reached and no waiting connection can be closed.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = counted(&self.proxies, peer);
        let held = &mut *self.held.lock();
        let own = held.by.get(&address).map_or(0, Vec::len);
        if address.is_some() && own >= self.limits.per_address {
            if !held.make_room_of(address) {
                return None;
            }
        } else if held.all >= self.limits.total && !held.make_room() {
            let own_machine = if peer.to_canonical().is_loopback() { LOOPBACK } else { 0 };
            let reserve = self.limits.total.div_ceil(RESERVE) + own_machine;
            if own >= FEW || held.all >= self.limits.total + reserve {
                return None;
            }
        }
        let seat = Arc::new(Seat::new(address, self.began));
        held.by.entry(address).or_default().push(seat.clone());
        held.all += 1;
        Some(Place { connections: self.clone(), seat })
    }

    /// Closes some waiting connections, for when the machine has no room for another one.
    pub(crate) fn relieve(&self) {
        self.held.lock().make_room();
    }
}

impl Held {
    /// Closes the connection of this address that has waited longest; false if none waits.
    fn make_room_of(&mut self, address: Option<IpAddr>) -> bool {
        loop {
            let seats = self.by.get(&address).into_iter().flatten();
            let waiting = seats.filter_map(|seat| Some((seat.waits()?, seat)));
            let Some((_, oldest)) = waiting.min_by_key(|(since, _)| *since) else { return false };
            // The end fails if the connection has begun to work meanwhile. Then the next one is
            // tried.
            let oldest = oldest.clone();
            if self.end(&oldest) {
                return true;
            }
        }
    }

    /// Closes the connections that have waited longest; false if none waits.
    fn make_room(&mut self) -> bool {
        let now = Instant::now();
        if self.looked.is_some_and(|last| now - last < PAUSE) {
            return false;
        }
        let known = self.by.iter().filter(|(address, _)| address.is_some());
        let waiting = known.flat_map(|(_, seats)| seats).filter_map(|seat| {
            let since = seat.waits()?;
            Some((since, seat))
        });
        let mut waiting: Vec<(u64, Arc<Seat>)> =
            waiting.map(|(since, seat)| (since, seat.clone())).collect();
        if waiting.is_empty() {
            self.looked = Some(now);
            return false;
        }
        if waiting.len() > BATCH {
            waiting.select_nth_unstable_by_key(BATCH - 1, |(since, _)| *since);
            waiting.truncate(BATCH);
        }
        let ended = waiting.iter().filter(|(_, seat)| self.end(seat));
        ended.count() > 0
    }

    fn end(&mut self, seat: &Arc<Seat>) -> bool {
        let left = seat.leave();
        if left {
            self.remove(seat);
        }
        left
    }

    fn remove(&mut self, seat: &Arc<Seat>) {
        let Some(seats) = self.by.get_mut(&seat.address) else { return };
        let Some(at) = seats.iter().position(|other| Arc::ptr_eq(other, seat)) else { return };
        seats.swap_remove(at);
        self.all -= 1;
        if seats.is_empty() {
            self.by.remove(&seat.address);
        }
    }
}

impl Place {
    /// Is cancelled when the connection has to close to make room.
    pub(crate) fn gone(&self) -> CancellationToken {
        self.seat.gone.clone()
    }

    /// Its seat.
    pub(crate) fn seat(&self) -> Arc<Seat> {
        self.seat.clone()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.held.lock().remove(&self.seat);
    }
}

impl Busy {
    /// Begins a request; see [`Seat::work`].
    pub(crate) async fn begin(seat: Arc<Seat>) -> Self {
        seat.work().await;
        Self(seat)
    }

    /// Its connection.
    pub(crate) fn seat(&self) -> Arc<Seat> {
        self.0.clone()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.wait();
    }
}

#[cfg(test)]
mod tests;
