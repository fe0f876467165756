//! Addresses and names that are no place on the internet: one list for all who judge where a
//! request may go, the runner (`host/src/outbound/`), the function that delivers webhooks
//! (`components/webhooks/src/target.rs`), and the runtime config of Spin in
//! `docs/guides/scaling.md`, which a test holds against it.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod addresses;
mod names;

pub use addresses::{NETWORKS, embedded, is_public};
pub use names::{Unfit, judge};
