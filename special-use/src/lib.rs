//! Addresses and names that are not public hosts of the internet. It is the one list for every part
//! that decides where a request may go: the runner (`host/src/guest/outbound/`), the function that
//! delivers webhooks (`components/kit/src/target.rs`), and the runtime config of Spin in
//! `docs/guides/scaling.md`. A test checks that config against this list.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that panics has failed"))]

mod addresses;
mod names;

pub use addresses::{NETWORKS, embedded, is_public};
pub use names::{NameError, check_name};
