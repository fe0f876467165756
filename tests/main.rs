//! The integration tests: the built WebAssembly in the real host, in both placements.
//! A test's path mirrors the URL it calls; `support/` starts servers and makes clients.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// Whose words stand at the head of the tests.
#[macro_use]
mod support;

mod auth;
mod coverage;
mod docs;
mod events;
mod gateway;
mod host;
mod isolation;
mod projects;
mod prove;
mod rules;
mod stores;
mod tenants;
mod webhooks;
