//! Buckets in the memory of one gateway.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use super::bucket::{BucketRequest, Decision};
use super::quota::Quota;

/// The most buckets that are not full. Beyond this number, new names share one bucket.
const BUCKETS: usize = 100_000;

/// Buckets by name. Full buckets are removed when room is needed.
pub(super) struct LocalBuckets<K>(Mutex<Buckets<K>>);

struct Buckets<K> {
    full_at: HashMap<K, u64>,
    /// The bucket of all names that found no room.
    shared: Option<u64>,
    /// The time of the last search for full buckets. The search walks over all buckets.
    purged: u64,
}

impl<K> Default for LocalBuckets<K> {
    fn default() -> Self {
        Self(Mutex::new(Buckets { full_at: HashMap::new(), shared: None, purged: 0 }))
    }
}

impl<K: Eq + Hash> LocalBuckets<K> {
    /// Takes `cost` from the bucket of `name`; `now` in milliseconds since the Unix epoch.
    pub(super) fn take(&self, name: K, quota: Quota, cost: u32, now: u64) -> Decision {
        let micros = now * 1000;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.full_at.len() >= BUCKETS && now.abs_diff(held.purged) >= 1000 {
            held.full_at.retain(|_, full_at| *full_at > micros);
            held.purged = now;
        }
        let known = held.full_at.get(&name).copied();
        let shared = known.is_none() && held.full_at.len() >= BUCKETS;
        let before = if shared { held.shared } else { known };
        let request = BucketRequest::new(quota, cost);
        // This process cannot have written a later moment, unless a clock was set back.
        let before = before.filter(|full_at| *full_at <= micros + request.capacity);
        let (decision, moved) = request.decide(before, micros);
        match moved {
            Some(moved) if shared => held.shared = Some(moved),
            Some(moved) => drop(held.full_at.insert(name, moved)),
            None => {}
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_811_851_200_000;

    #[test]
    fn each_name_has_its_bucket_and_too_many_share_one() {
        let local = LocalBuckets::default();
        let quota = Quota::per_minute(2);
        let take = |name: usize, now| local.take(name, quota, 1, now).admitted;
        assert_eq!([take(0, NOW), take(0, NOW), take(0, NOW)], [true, true, false]);
        for name in 1..BUCKETS {
            assert!(take(name, NOW), "{name}");
        }
        // The late names share a bucket of their own, not a bucket of an earlier name.
        let late = [take(BUCKETS, NOW), take(BUCKETS + 1, NOW), take(BUCKETS + 2, NOW)];
        assert_eq!(late, [true, true, false]);
        assert!(take(1, NOW) && !take(1, NOW), "who has a bucket keeps it");
        // A minute later all buckets are full, so there is room again.
        assert!(take(BUCKETS, NOW + 60_000) && take(BUCKETS, NOW + 60_000));
        assert!(take(BUCKETS + 1, NOW + 60_000));
    }
}
