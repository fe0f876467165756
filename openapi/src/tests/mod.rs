//! Tests of the contract as it stands, and of what the compiler makes and refuses.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod compiler;
mod contract;
mod events;
mod links;
mod lint;
mod scopes;
