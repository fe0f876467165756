//! Bodies: of requests (`incoming.rs`), of answers as components give them (`response.rs`), and of
//! answers on their way to clients (`outgoing.rs`). An answer may be a stream that a component writes
//! while it is sent (`stream.rs`).

pub(crate) mod incoming;
pub(crate) mod outgoing;
pub(crate) mod response;
pub(crate) mod stream;
