//! Quotas that the operator sets while the system runs: for a plan, a tenant, or one user, client
//! or key. `tenants` keeps them in SQL and publishes all of them as one value of the key-value
//! store. A gateway reads this value at most every ten seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Caller, entry};
use serde::Deserialize;

use super::quota::Quota;
use crate::platform::Platform;

/// The greatest age of the known value, in milliseconds.
const CACHE_MS: u64 = 10_000;

/// The quotas of one subject: `{"<class>": [per_minute, burst]}`
type Classes = HashMap<String, (u32, u32)>;

/// The published value: the subjects with quotas of their own.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Published {
    plans: HashMap<String, Classes>,
    tenants: HashMap<String, Classes>,
    principals: HashMap<String, Classes>,
}

/// The overrides as this gateway knows them.
#[derive(Default)]
pub(super) struct Overrides(Mutex<CachedOverrides>);

#[derive(Default)]
struct CachedOverrides {
    published: Arc<Published>,
    read_at: Option<u64>,
}

/// A quota that was set for a caller.
pub(super) struct Override {
    pub(super) quota: Quota,
    /// Whether it was set for this very user, client or key.
    pub(super) personal: bool,
}

impl Overrides {
    /// The quota that was set for the caller and the class. The most specific one counts.
    pub(super) async fn find<P: Platform>(
        &self,
        platform: &P,
        caller: &Caller,
        class: &str,
    ) -> Option<Override> {
        let published = self.published(platform).await;
        let quota = |classes: Option<&Classes>| {
            let (per_minute, burst) = *classes?.get(class)?;
            Some(Quota { per_minute, burst })
        };
        let plan = caller.grants.plan();
        if let Some(quota) = quota(published.principals.get(caller.id())) {
            return Some(Override { quota, personal: true });
        }
        let quota = quota(published.tenants.get(&caller.tenant))
            .or_else(|| quota(published.plans.get(plan?)))?;
        Some(Override { quota, personal: false })
    }

    /// The published value, from memory while it is fresh. If the store does not answer, then the
    /// known value stays.
    async fn published<P: Platform>(&self, platform: &P) -> Arc<Published> {
        let now = platform.now();
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut cached = lock();
            if cached.read_at.is_some_and(|read_at| now.abs_diff(read_at) < CACHE_MS) {
                return Arc::clone(&cached.published);
            }
            // Requests that come meanwhile use the known value.
            cached.read_at = Some(now);
        }
        let read = match platform.get(entry::QUOTAS).await {
            Ok(Some(value)) => serde_json::from_slice(&value).ok(),
            Ok(None) => Some(Published::default()),
            Err(_) => None,
        };
        let mut cached = lock();
        if let Some(published) = read {
            cached.published = Arc::new(published);
        }
        Arc::clone(&cached.published)
    }
}
