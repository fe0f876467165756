//! Code that the tests share.

#[macro_use]
pub mod words;

pub mod calls;
pub mod client;
pub mod clock;
pub mod contract;
mod exchange;
pub mod json_api;
pub mod packages;
pub mod process;
pub mod raw;
pub mod receiver;
pub mod seal;
pub mod server;
pub mod servers;
pub mod signing_key;
pub mod snapshot;
pub mod stores;

pub use client::Client;
pub use exchange::Exchange;
pub use server::{App, Placement, dedicated, shared};
