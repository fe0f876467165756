//! A running server. `listener.rs` accepts connections and hands each request to a component of
//! `app.rs`, which has made everything ready, or to `probes.rs`. `ticker.rs` calls for work that is
//! due, through `own_calls.rs`.

pub(crate) mod app;
pub(crate) mod listener;
mod own_calls;
mod probes;
mod ticker;
