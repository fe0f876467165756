//! How many streams are open: of one function, of each tenant, of each caller. Each of them
//! holds an instance, so nobody may have all.

use crate::options::Limits;
use gateway::holder::Holder;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The open streams of one function.
pub(crate) struct Streams {
    all: Arc<Semaphore>,
    most_of_tenant: usize,
    most_of_caller: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    tenants: HashMap<String, usize>,
    callers: HashMap<Holder, usize>,
}

/// The place of one open stream, which is free again when this is dropped.
pub(crate) struct Place {
    holder: Option<Holder>,
    open: Arc<Mutex<Open>>,
    _permit: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The holder, or its tenant, has as many as it may.
    Own,
    /// All together have as many as they may.
    All,
}

impl Streams {
    /// None is open.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.max_streams)),
            most_of_tenant: limits.max_tenant_streams,
            most_of_caller: limits.max_caller_streams,
            open: Arc::default(),
        }
    }

    /// A place for one more. Whose it is may be unknown: then only all are counted.
    pub(crate) fn open(&self, holder: Option<Holder>) -> Result<Place, Full> {
        let mut open = self.open.lock();
        if let Some(holder) = &holder {
            let of_tenant = holder.tenant.as_ref().and_then(|tenant| open.tenants.get(tenant));
            let of_caller = open.callers.get(holder);
            if of_tenant.is_some_and(|count| *count >= self.most_of_tenant)
                || of_caller.is_some_and(|count| *count >= self.most_of_caller)
            {
                return Err(Full::Own);
            }
        }
        let permit = self.all.clone().try_acquire_owned().map_err(|_| Full::All)?;
        if let Some(holder) = &holder {
            *open.callers.entry(holder.clone()).or_default() += 1;
            if let Some(tenant) = &holder.tenant {
                *open.tenants.entry(tenant.clone()).or_default() += 1;
            }
        }
        Ok(Place { holder, open: self.open.clone(), _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(holder) = &self.holder else { return };
        let mut open = self.open.lock();
        release(&mut open.callers, holder);
        if let Some(tenant) = &holder.tenant {
            release(&mut open.tenants, tenant);
        }
    }
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

    fn holder(tenant: &str, caller: &str) -> Option<Holder> {
        Some(Holder { tenant: Some(tenant.to_owned()), caller: caller.to_owned() })
    }

    #[test]
    fn nobody_has_all() {
        let limits = Limits {
            max_streams: 4,
            max_tenant_streams: 3,
            max_caller_streams: 2,
            ..Limits::default()
        };
        let streams = Streams::new(&limits);
        let open = |tenant, caller| streams.open(holder(tenant, caller));
        let first = open("a", "1").expect("a place");
        let _second = open("a", "1").expect("a place");
        assert_eq!(open("a", "1").err(), Some(Full::Own), "the caller has two");
        let _third = open("a", "2").expect("a colleague has one");
        assert_eq!(open("a", "3").err(), Some(Full::Own), "the tenant has three");
        let fourth = open("b", "4").expect("another tenant has one");
        assert_eq!(open("b", "4").err(), Some(Full::All));
        assert_eq!(streams.open(None).err(), Some(Full::All));
        drop(first);
        drop(open("a", "1").expect("what has ended makes room"));
        drop(fourth);
        let open = streams.open.lock();
        assert!(!open.tenants.contains_key("b"), "nothing stays of who has none");
    }
}
