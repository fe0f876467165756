//! Counts open streams: of one function, of each tenant, of each caller, and of each network. Each
//! stream holds an instance. The limits keep one user from holding all of them, however many
//! accounts the user makes.

use crate::config::options::Limits;
use gateway::holder::Holder;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A network may have one in so many of the places that it leaves free.
const FREE_PARTS: usize = 3;
/// One in so many places is reserved for networks that have no stream.
const RESERVE: usize = 10;

/// The open streams of one function.
pub(crate) struct Streams {
    most: usize,
    most_of_tenant: usize,
    most_of_caller: usize,
    open: Arc<Mutex<OpenStreams>>,
}

#[derive(Default)]
struct OpenStreams {
    all: usize,
    tenants: HashMap<String, usize>,
    /// Keyed by tenant and caller.
    callers: HashMap<(Option<String>, String), usize>,
    networks: HashMap<String, usize>,
}

/// The place of one open stream. Dropping it frees the place.
pub(crate) struct StreamPermit {
    holder: Option<Holder>,
    open: Arc<Mutex<OpenStreams>>,
}

/// Why there is no place for another stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitReached {
    /// The tenant, the caller or the network has as many streams as it may.
    Own,
    /// All streams together are as many as they may be.
    All,
}

impl Streams {
    /// No stream is open yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.max_streams,
            most_of_tenant: limits.max_tenant_streams,
            most_of_caller: limits.max_caller_streams,
            open: Arc::default(),
        }
    }

    /// Takes a place for one more stream. If the holder is unknown, then only the total is limited.
    ///
    /// When half of the places are taken, a network may have one in [`FREE_PARTS`] of the places that it
    /// leaves free. So others find a place even if many networks have as many as they may. There is
    /// one exception: a tenant without a stream gets its first one, except from the reserve for
    /// networks that have none.
    pub(crate) fn open(&self, holder: Option<Holder>) -> Result<StreamPermit, LimitReached> {
        let mut open = self.open.lock();
        let free = self.most.saturating_sub(open.all);
        if let Some(holder) = &holder {
            let of = |count: Option<&usize>| count.copied().unwrap_or_default();
            let of_tenant = of(holder.tenant.as_ref().and_then(|tenant| open.tenants.get(tenant)));
            let of_caller = of(open.callers.get(&caller(holder)));
            let of_network = of(open.networks.get(&holder.network));
            if of_tenant >= self.most_of_tenant || of_caller >= self.most_of_caller {
                return Err(LimitReached::Own);
            }
            if free == 0 {
                return Err(LimitReached::All);
            }
            let is_much = of_network > 0 && (of_network + 1) * FREE_PARTS >= free;
            let is_first = holder.tenant.is_some() && of_tenant == 0;
            if is_much && free * 2 <= self.most && !(is_first && free > self.most / RESERVE) {
                return Err(LimitReached::Own);
            }
        } else if free == 0 {
            return Err(LimitReached::All);
        }
        open.all += 1;
        if let Some(holder) = &holder {
            *open.callers.entry(caller(holder)).or_default() += 1;
            *open.networks.entry(holder.network.clone()).or_default() += 1;
            if let Some(tenant) = &holder.tenant {
                *open.tenants.entry(tenant.clone()).or_default() += 1;
            }
        }
        Ok(StreamPermit { holder, open: self.open.clone() })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        open.all -= 1;
        let Some(holder) = &self.holder else { return };
        release(&mut open.callers, &caller(holder));
        release(&mut open.networks, &holder.network);
        if let Some(tenant) = &holder.tenant {
            release(&mut open.tenants, tenant);
        }
    }
}

fn caller(holder: &Holder) -> (Option<String>, String) {
    (holder.tenant.clone(), holder.caller.clone())
}

fn release<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(tenant: &str, caller: &str, network: &str) -> Option<Holder> {
        let [tenant, caller, network] = [tenant, caller, network].map(str::to_owned);
        Some(Holder { tenant: Some(tenant), caller, network })
    }

    fn streams(max_streams: usize) -> Streams {
        let limits = Limits {
            max_streams,
            max_tenant_streams: 3,
            max_caller_streams: 2,
            ..Limits::default()
        };
        Streams::new(&limits)
    }

    #[test]
    fn nobody_has_all() {
        let streams = streams(4);
        let open = |tenant, caller, network| streams.open(holder(tenant, caller, network));
        let first = open("a", "1", "n1").expect("a place");
        let _second = open("a", "1", "n2").expect("a place");
        assert_eq!(open("a", "1", "n3").err(), Some(LimitReached::Own), "the caller has two");
        let _third = open("a", "2", "n3").expect("a colleague has one");
        assert_eq!(open("a", "3", "n4").err(), Some(LimitReached::Own), "the tenant has three");
        let fourth = open("b", "4", "n4").expect("another tenant has one");
        assert_eq!(open("c", "5", "n5").err(), Some(LimitReached::All));
        assert_eq!(streams.open(None).err(), Some(LimitReached::All));
        drop(first);
        drop(open("a", "1", "n1").expect("what has ended makes room"));
        drop(fourth);
        let open = streams.open.lock();
        assert!(!open.tenants.contains_key("b"), "nothing stays of who has none");
        assert!(!open.networks.contains_key("n4"), "nor of its network");
    }

    #[test]
    fn networks_leave_places_whatever_tenants_they_make() {
        let streams = streams(100);
        let mut held = Vec::new();
        let mut take = |network: &str, tenants: usize| {
            for tenant in (0..tenants).flat_map(|tenant| [tenant; 3]) {
                let tenant = format!("{network} {tenant}");
                held.extend(streams.open(holder(&tenant, "1", network)).ok());
            }
            100 - held.len()
        };
        assert_eq!(take("n1", 100), 10, "newcomers have what is not reserved");
        assert_eq!(take("n2", 100), 8, "a network that had none");
        let all: usize = (3..9).map(|network| take(&format!("n{network}"), 9)).min().unwrap_or(0);
        assert!(all > 0, "many networks");
        streams.open(holder("victim", "1", "home")).expect("a place is left");
    }

    #[test]
    fn half_of_the_places_are_free_for_all() {
        let streams = streams(100);
        let mut held = Vec::new();
        for tenant in 0..25 {
            for _ in 0..2 {
                let tenant = tenant.to_string();
                held.push(streams.open(holder(&tenant, "1", "office")).expect("a place"));
            }
        }
        assert_eq!(streams.open(holder("1", "2", "office")).err(), Some(LimitReached::Own));
        streams.open(holder("1", "2", "home")).expect("elsewhere it may");
        streams.open(holder("new", "1", "office")).expect("the first one of its tenant");
    }
}
