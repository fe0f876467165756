//! A running server. `listener.rs` accepts connections and hands each request to a component of
//! `app.rs`, which has made everything ready. `ticker.rs` calls for work that is due.

pub(crate) mod app;
pub(crate) mod listener;
mod probes;
mod ticker;
