//! The memory of bodies. It counts request bodies that are being received or whose answer is not
//! ready, and answers that their clients have not taken yet.

use super::{Proxies, counted};
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
const LEFT: usize = 7;

/// The counts of the bytes that all bodies hold.
pub(crate) struct Bodies {
    total: usize,
    per_address: usize,
    proxies: Proxies,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    all: usize,
    by: HashMap<IpAddr, usize>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The limit of the sender's address.
    Address,
    /// The limit of all together, less the room that is kept for others.
    All,
}

/// The bytes that one body holds. Dropping the share releases them.
pub(crate) struct Share {
    bodies: Arc<Bodies>,
    peer: IpAddr,
    /// Set when the share first holds bytes; `None` for a trusted proxy.
    address: Option<IpAddr>,
    bytes: usize,
}

impl Bodies {
    /// `total` and `per_address` are limits in bytes.
    pub(crate) fn new(total: usize, per_address: usize, proxies: Proxies) -> Arc<Self> {
        Arc::new(Self { total, per_address, proxies, held: Mutex::default() })
    }

    /// A share that holds nothing yet.
    pub(crate) fn share(self: &Arc<Self>, peer: IpAddr) -> Share {
        Share { bodies: self.clone(), peer, address: None, bytes: 0 }
    }
}

impl Share {
    /// Raises the share to `bytes` in total. On an error it stays as it was.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let more = bytes.saturating_sub(FREE).saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        if self.bytes == 0 {
            self.address = counted(&self.bodies.proxies, self.peer);
        }
        let held = &mut *self.bodies.held.lock();
        let Some(left) = self.bodies.total.checked_sub(held.all + more) else {
            return Err(Full::All);
        };
        if let Some(address) = self.address {
            let own = held.by.get(&address).copied().unwrap_or_default() + more;
            if own > self.bodies.per_address {
                return Err(Full::Address);
            }
            if own > left / LEFT {
                return Err(Full::All);
            }
            held.by.insert(address, own);
        }
        held.all += more;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let held = &mut *self.bodies.held.lock();
        held.all -= self.bytes;
        if let Some(address) = self.address
            && let Some(own) = held.by.get_mut(&address)
        {
            *own -= self.bytes;
            if *own == 0 {
                held.by.remove(&address);
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
        let bodies = Bodies::new(400_000, 40_000, proxies);
        let share = |first, last| bodies.share(IpAddr::from([first, 0, 2, last]));
        let (mut one, mut two, mut three) = (share(192, 1), share(192, 1), share(192, 2));
        one.grow(FREE).expect("not counted");
        one.grow(FREE + 20_000).expect("room");
        assert_eq!(two.grow(FREE + 20_001), Err(Full::Address));
        two.grow(FREE + 20_000).expect("the last of the address");
        let mut proxied = share(10, 1);
        proxied.grow(FREE + 200_000).expect("of many clients");
        assert_eq!(three.grow(FREE + 20_001), Err(Full::All), "it leaves 139,999");
        three.grow(FREE + 20_000).expect("a seventh of what it leaves");
        three.grow(1000).expect("holds more already");
        assert_eq!(proxied.grow(FREE + 340_001), Err(Full::All));
        proxied.grow(FREE + 340_000).expect("the last of all");
        assert_eq!(three.grow(FREE + 20_001), Err(Full::All));
        drop((two, proxied));
        three.grow(FREE + 40_000).expect("what was given back");
        drop((one, three));
        let held = bodies.held.lock();
        assert!(held.all == 0 && held.by.is_empty());
    }

    #[test]
    fn many_addresses_leave_room_for_the_next() {
        let bodies = Bodies::new(256 << 20, 32 << 20, Proxies::default());
        let mut held = Vec::new();
        for number in 0..16 {
            let mut share = bodies.share(IpAddr::from([192, 0, 2, number]));
            let mut bytes = FREE;
            while share.grow(bytes + (64 << 10)).is_ok() {
                bytes += 64 << 10;
            }
            held.push(share);
        }
        let mut next = bodies.share(IpAddr::from([192, 0, 2, 200]));
        next.grow(1 << 20).expect("the largest body of the next one");
    }

    #[test]
    fn networks_of_one_client_are_one_address_and_proxies_are_none() {
        let proxies = Proxies::default();
        let of = |text: &str| counted(&proxies, text.parse().expect(text));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("127.0.0.1"), of("127.0.0.2"));
        let _ = proxies.set(vec!["10.0.0.0/8".parse().expect("a network")]);
        assert_eq!(of("10.1.2.3"), None);
        assert!(of("192.0.2.1").is_some());
    }
}
