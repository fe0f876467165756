//! The part of the key-value store that functions use.

use protocol::entry;
use spin_sdk::experimental::wasi::keyvalue::store::{self, Bucket};

use crate::{Code, Error, now};

/// Entries that one sweep reads.
const BATCH: usize = 2_000;

pub(crate) fn open() -> Result<Bucket, Error> {
    store::open("default").map_err(fault)
}

pub(crate) fn fault(error: store::Error) -> Error {
    let cause = format!("key-value store: {error:?}");
    Error {
        internal: Some(cause),
        ..Error::new(Code::ServiceUnavailable, "A store does not answer; try again in a moment.")
    }
}

/// Removes expired entries from a store that has no expiry of its own, such as Spin's stores. One
/// run reads only a part of the entries, and the next minute another part. Returns the number of
/// entries that it removed.
///
/// # Errors
/// `service-unavailable` of the store.
pub fn sweep() -> Result<u64, Error> {
    let bucket = open()?;
    let (mut keys, mut cursor) = (Vec::new(), None);
    loop {
        let page = bucket.list_keys(cursor.as_deref()).map_err(fault)?;
        keys.extend(page.keys);
        cursor = page.cursor;
        if cursor.is_none() {
            break;
        }
    }
    keys.retain(|key| entry::EXPIRING.iter().any(|prefix| key.starts_with(prefix)));
    keys.sort_unstable();
    let minute = usize::try_from(now() / 60_000).unwrap_or_default();
    let parts = keys.len().div_ceil(BATCH).max(1);
    let mut removed = 0;
    for key in keys.iter().skip(minute % parts * BATCH).take(BATCH) {
        let Some(value) = bucket.get(key).map_err(fault)? else { continue };
        if entry::expires_at(&value).is_some_and(|moment| moment <= now().unsigned_abs()) {
            bucket.delete(key).map_err(fault)?;
            removed += 1;
        }
    }
    Ok(removed)
}
