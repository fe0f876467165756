//! Entries of the key-value store that several calls change at once, by compare-and-swap.

use kit::{Code, Error, Internal};
use serde::Serialize;
use spin_sdk::experimental::wasi::keyvalue::{atomics, store};

/// The most swaps that one change may lose.
const ATTEMPTS: usize = 50;

/// What a change does with an entry.
pub(crate) enum Change<T> {
    /// Leaves it as it is.
    Nothing,
    Write(T),
    Delete,
}

/// Changes an entry. `change` sees the current value, and may be called several times.
///
/// A store may do a swap without confirming it, as Spin 4.1 does on Redis. In this case the next
/// round finds the written value, and the change is done.
///
/// # Errors
/// `service-unavailable` if the store does not answer, or if other calls win every swap.
pub(crate) fn update<T: Serialize>(
    key: &str,
    mut change: impl FnMut(Option<&[u8]>) -> Change<T>,
) -> kit::Result<()> {
    let bucket = store::open("default").map_err(fault)?;
    let mut cas = atomics::Cas::new(&bucket, key).map_err(fault)?;
    let mut written: Option<Vec<u8>> = None;
    for _ in 0..ATTEMPTS {
        let held = cas.current().map_err(fault)?;
        if written.is_some() && held == written {
            return Ok(());
        }
        let value = match change(held.as_deref()) {
            Change::Nothing => return Ok(()),
            Change::Delete => return bucket.delete(key).map_err(fault),
            Change::Write(value) => serde_json::to_vec(&value).internal()?,
        };
        cas = match atomics::swap(cas, &value) {
            Ok(()) => return Ok(()),
            Err(atomics::CasError::StoreError(error)) => return Err(fault(error)),
            Err(atomics::CasError::CasFailed(fresh)) => fresh,
        };
        written = Some(value);
    }
    let busy = Error::new(
        Code::ServiceUnavailable,
        "Too many requests do this at once; try again in a moment.",
    );
    Err(Error { retry_after: Some(1), ..busy })
}

fn fault(error: store::Error) -> Error {
    let cause = format!("key-value store: {error:?}");
    Error {
        internal: Some(cause),
        ..Error::new(Code::ServiceUnavailable, "A store does not answer; try again in a moment.")
    }
}
