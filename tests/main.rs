//! The integration tests: the built WebAssembly in the real host, in both placements. The path of a
//! test mirrors the URL that it calls. `support/` starts servers and makes clients.

#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// This module comes first, because its macros are the words in front of tests.
#[macro_use]
mod support;

mod auth;
mod coverage;
mod docs;
mod events;
mod gateway;
mod host;
mod integrations;
mod isolation;
mod operations;
mod projects;
mod prove;
mod rules;
mod stores;
mod tenants;
mod webhooks;
