//! Rate limits: a bucket for each address in memory, which is checked before anything is known of
//! the caller, and one for each identity and class in a store that outlives this process.

mod bucket;
mod standing;

use std::collections::HashMap;
use std::net::IpAddr;

use parking_lot::Mutex;

pub(crate) use bucket::Quota;
pub(super) use bucket::Taken;
pub(super) use standing::{Standings, headers};

use super::buckets::Buckets;
use super::caller::Caller;
use super::problem::Problem;
use standing::Standing;

/// If buckets of this many addresses are kept, then the full ones are removed.
const ADDRESSES: usize = 100_000;

/// The buckets and their quotas.
pub(super) struct Limits {
    addresses: Mutex<HashMap<IpAddr, u64>>,
    stored: Buckets,
    of_address: Quota,
    of_class: Quota,
}

impl Limits {
    pub(super) fn new(stored: Buckets, of_address: Quota, of_class: Quota) -> Self {
        Self { addresses: Mutex::default(), stored, of_address, of_class }
    }

    /// Counts a request of an address in memory; `now` in milliseconds since the Unix epoch.
    pub(super) fn address(
        &self,
        address: IpAddr,
        now: u64,
        standings: &mut Standings,
    ) -> Result<(), Problem> {
        let quota = self.of_address;
        if quota.is_unlimited() {
            return Ok(());
        }
        let micros = now * 1000;
        let taken = {
            let mut addresses = self.addresses.lock();
            if addresses.len() >= ADDRESSES {
                addresses.retain(|_, full_at| *full_at > micros);
            }
            quota.take(addresses.entry(address).or_default(), micros)
        };
        standings.address.insert(Standing::new("address", quota, taken, now)).admit()
    }

    /// Counts a request of an identity and class in the store.
    pub(super) async fn identity(
        &self,
        class: &'static str,
        caller: &Caller,
        now: u64,
        standings: &mut Standings,
    ) -> Result<(), Problem> {
        let quota = self.of_class;
        if quota.is_unlimited() {
            return Ok(());
        }
        let key = format!("limit:{class}:{}:{}", caller.tenant, caller.id);
        let taken = self.stored.take(key, quota).await?;
        standings.class.insert(Standing::new(class, quota, taken, now)).admit()
    }

    /// Counts a refused credential for its address in the store. Returns the refusal, or a 429 if
    /// there were too many.
    pub(super) async fn refused(
        &self,
        address: IpAddr,
        now: u64,
        standings: &mut Standings,
        refusal: Problem,
    ) -> Problem {
        let quota = self.of_address;
        if quota.is_unlimited() {
            return refusal;
        }
        let Ok(taken) = self.stored.take(format!("limit:address:{address}"), quota).await else {
            return refusal;
        };
        let standing = standings.address.insert(Standing::new("address", quota, taken, now));
        standing.admit().err().unwrap_or(refusal)
    }
}
