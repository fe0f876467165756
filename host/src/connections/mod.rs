//! The open connections: how many there may be of one address and in all, and which of them
//! make way for others. Where the client has yet to send something, nothing is lost and it is
//! asked to leave; a request that is being answered is never broken off for another.

mod bodies;

pub(crate) use bodies::{Bodies, Full, Share};

use crate::options::Connections as Limits;
use gateway::Proxy;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// One of so many connections is kept for addresses that have few, when all others are taken:
/// operators and whoever comes for the first time get an answer from a full server.
const RESERVE: usize = 10;
/// A few more are kept for this machine, where operators are.
const LOOPBACK: usize = 16;
/// How many are few.
const FEW: usize = 8;
/// How many make way at once when the server is full. Finding them takes a look at all.
const BATCH: usize = 32;
/// How long nobody looks for them again after none was found.
const PAUSE: Duration = Duration::from_millis(100);

/// Proxies of the variable `trusted_proxies`, whose address stands for many clients. None
/// until the variables are read.
pub(crate) type Proxies = Arc<OnceLock<Vec<Proxy>>>;

/// What is counted together: an IPv4 address, or an IPv6 network of 64 bits, which is what one
/// client has at least. `None` for a trusted proxy.
pub(crate) fn counted(proxies: &Proxies, peer: IpAddr) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if proxies.get().is_some_and(|proxies| proxies.iter().any(|proxy| proxy.contains(peer))) {
        return None;
    }
    Some(match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
    })
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

/// A connection, as the others see it.
pub(crate) struct Seat {
    address: Option<IpAddr>,
    /// Of the server.
    began: Instant,
    /// Since when it waits for its client, in milliseconds after `began`; `BUSY` when it does
    /// not, `GONE` when it has made way.
    waits: AtomicU64,
    /// Whether its client has yet to take bytes of an answer.
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

    /// From now on its client has to send something.
    pub(crate) fn wait(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(GONE - 1);
        self.becomes(now);
    }

    /// From now on the server has. Nothing may be begun that was not when the connection was
    /// asked to leave, so this does not end when it was: who serves it is dropped.
    pub(crate) async fn work(&self) {
        if !self.becomes(BUSY) {
            std::future::pending().await
        }
    }

    /// False when it has made way.
    fn becomes(&self, state: u64) -> bool {
        let unless_gone = |now| (now != GONE).then_some(state);
        self.waits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, unless_gone).is_ok()
    }

    /// Has it make way, unless it does not wait any more.
    fn leave(&self) -> bool {
        let Some(since) = self.waits() else { return false };
        let order = Ordering::Relaxed;
        let left = self.waits.compare_exchange(since, GONE, order, order).is_ok();
        if left {
            self.gone.cancel();
        }
        left
    }

    /// Whether its client has yet to take bytes of an answer that is written.
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

/// A connection that was admitted; dropping it makes room.
pub(crate) struct Place {
    connections: Arc<Connections>,
    seat: Arc<Seat>,
}

/// A request on its way through. As long as this lives, its connection is asked to leave only
/// where the body is still to come.
pub(crate) struct Busy(Arc<Seat>);

impl Connections {
    /// None yet.
    pub(crate) fn new(limits: Limits, proxies: Proxies) -> Arc<Self> {
        let held = Mutex::default();
        Arc::new(Self { limits, proxies, began: Instant::now(), held })
    }

    /// A place for a connection of `peer`, unless its address has too many at work, or all have.
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

    /// Ends some of those that wait, where the machine has no room for another one.
    pub(crate) fn relieve(&self) {
        self.held.lock().make_room();
    }
}

impl Held {
    /// Ends the one of this address that waits longest; false when none waits.
    fn make_room_of(&mut self, address: Option<IpAddr>) -> bool {
        loop {
            let seats = self.by.get(&address).into_iter().flatten();
            let waiting = seats.filter_map(|seat| Some((seat.waits()?, seat)));
            let Some((_, oldest)) = waiting.min_by_key(|(since, _)| *since) else { return false };
            // Or it has begun to work meanwhile.
            let oldest = oldest.clone();
            if self.end(&oldest) {
                return true;
            }
        }
    }

    /// Ends those that wait longest; false when nobody waits.
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
    /// When the connection has to make way.
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
    /// Begins with a request; see [`Seat::work`].
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
