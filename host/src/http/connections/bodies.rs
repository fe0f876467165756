//! The memory of bodies. It counts request bodies that are being received or whose answer is not
//! ready, and answers that their clients have not taken yet.

use super::{Proxies, accounting_key};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// How many bytes of each body are not counted. Requests of machines are far smaller, and the
/// number of connections bounds their sum. So large uploads cannot crowd these requests
/// out.
const FREE: usize = 16 << 10;

/// An address may hold one part in so many of what is left free (a dynamic threshold, as switches
/// share their buffers by). So even if addresses take all that they can, there is room for the next
/// one: sixteen of them leave an eighth of the total.
const FREE_PARTS: usize = 7;

/// The counts of the bytes that all bodies hold.
pub(crate) struct BodyMemory {
    total: usize,
    per_address: usize,
    proxies: Proxies,
    usage: Mutex<Usage>,
}

#[derive(Default)]
struct Usage {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitReached {
    /// The limit of the sender's address.
    Address,
    /// The limit of all together, less the room that is kept for others.
    All,
}

/// The bytes that one body holds. Dropping the reservation releases them.
pub(crate) struct Reservation {
    bodies: Arc<BodyMemory>,
    peer: IpAddr,
    /// Set when the reservation first holds bytes; `None` for a trusted proxy.
    address: Option<IpAddr>,
    bytes: usize,
}

impl BodyMemory {
    /// `total` and `per_address` are limits in bytes.
    pub(crate) fn new(total: usize, per_address: usize, proxies: Proxies) -> Arc<Self> {
        Arc::new(Self { total, per_address, proxies, usage: Mutex::default() })
    }

    /// A reservation that holds nothing yet.
    pub(crate) fn reservation(self: &Arc<Self>, peer: IpAddr) -> Reservation {
        Reservation { bodies: self.clone(), peer, address: None, bytes: 0 }
    }
}

impl Reservation {
    /// Raises the reservation to `bytes` in total. On an error it stays as it was.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), LimitReached> {
        let more = bytes.saturating_sub(FREE).saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        if self.bytes == 0 {
            self.address = accounting_key(&self.bodies.proxies, self.peer);
        }
        let usage = &mut *self.bodies.usage.lock();
        let Some(left) = self.bodies.total.checked_sub(usage.all + more) else {
            return Err(LimitReached::All);
        };
        if let Some(address) = self.address {
            let own = usage.by.get(&address).copied().unwrap_or_default() + more;
            if own > self.bodies.per_address {
                return Err(LimitReached::Address);
            }
            if own > left / FREE_PARTS {
                return Err(LimitReached::All);
            }
            usage.by.insert(address, own);
        }
        usage.all += more;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let usage = &mut *self.bodies.usage.lock();
        usage.all -= self.bytes;
        if let Some(address) = self.address
            && let Some(own) = usage.by.get_mut(&address)
        {
            *own -= self.bytes;
            if *own == 0 {
                usage.by.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_its_part_and_all_the_whole() {
        let proxies = Proxies::default();
        let _ = proxies.set(vec!["10.0.0.0/8".parse().expect("a network")]);
        let bodies = BodyMemory::new(400_000, 40_000, proxies);
        let reservation = |first, last| bodies.reservation(IpAddr::from([first, 0, 2, last]));
        let (mut one, mut two, mut three) =
            (reservation(192, 1), reservation(192, 1), reservation(192, 2));
        one.grow(FREE).expect("not counted");
        one.grow(FREE + 20_000).expect("room");
        assert_eq!(two.grow(FREE + 20_001), Err(LimitReached::Address));
        two.grow(FREE + 20_000).expect("the last of the address");
        let mut proxied = reservation(10, 1);
        proxied.grow(FREE + 200_000).expect("of many clients");
        assert_eq!(three.grow(FREE + 20_001), Err(LimitReached::All), "it leaves 139,999");
        three.grow(FREE + 20_000).expect("a seventh of what it leaves");
        three.grow(1000).expect("holds more already");
        assert_eq!(proxied.grow(FREE + 340_001), Err(LimitReached::All));
        proxied.grow(FREE + 340_000).expect("the last of all");
        assert_eq!(three.grow(FREE + 20_001), Err(LimitReached::All));
        drop((two, proxied));
        three.grow(FREE + 40_000).expect("what was given back");
        drop((one, three));
        let usage = bodies.usage.lock();
        assert!(usage.all == 0 && usage.by.is_empty());
    }

    #[test]
    fn many_addresses_leave_room_for_the_next() {
        let bodies = BodyMemory::new(256 << 20, 32 << 20, Proxies::default());
        let mut usage = Vec::new();
        for number in 0..16 {
            let mut reservation = bodies.reservation(IpAddr::from([192, 0, 2, number]));
            let mut bytes = FREE;
            while reservation.grow(bytes + (64 << 10)).is_ok() {
                bytes += 64 << 10;
            }
            usage.push(reservation);
        }
        let mut next = bodies.reservation(IpAddr::from([192, 0, 2, 200]));
        next.grow(1 << 20).expect("the largest body of the next one");
    }

    #[test]
    fn networks_of_one_client_are_one_address_and_proxies_are_none() {
        let proxies = Proxies::default();
        let of = |text: &str| accounting_key(&proxies, text.parse().expect(text));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("127.0.0.1"), of("127.0.0.2"));
        let _ = proxies.set(vec!["10.0.0.0/8".parse().expect("a network")]);
        assert_eq!(of("10.1.2.3"), None);
        assert!(of("192.0.2.1").is_some());
    }
}
