//! The HTTP side: connections of clients, bodies, and the errors that the runner answers by itself.
//!
//! A connection passes these files on its way: `connections/` has a place for it, `send_timeout.rs`
//! ends it if the client reads nothing, and `wire/` looks at the bytes of the heads. `body/`
//! receives the body of a request and sends that of the answer, if `streams.rs` has a place for an
//! answer without end. `routes.rs` finds the component. After an early answer `linger.rs` reads on.

pub(crate) mod body;
pub(crate) mod connections;
mod linger;
pub(crate) mod problem;
pub(crate) mod routes;
pub(crate) mod send_timeout;
pub(crate) mod streams;
pub(crate) mod wire;
