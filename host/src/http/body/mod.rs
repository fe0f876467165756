//! Bodies: of requests (`incoming.rs`), of answers as components give them (`response.rs`), and of
//! answers on their way to clients (`outgoing.rs`). An answer may be a stream of a function
//! (`stream.rs`), or come from a `wasi:http` component, with which it shares an exchange
//! (`exchange.rs`).

pub(crate) mod exchange;
pub(crate) mod incoming;
pub(crate) mod outgoing;
pub(crate) mod response;
pub(crate) mod stream;
