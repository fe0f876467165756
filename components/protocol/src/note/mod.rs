//! What gateway and function tell each other in headers that no client sees. Each kind of note is
//! written and read here.

mod due;
mod facts;
mod page;
mod refusal;

pub use due::{Due, take_work_due, work_due};
pub use facts::{Facts, Key, credential};
pub use page::Page;
pub use refusal::Refusal;

/// The header of an answer that comes from the receipt of an idempotency key.
pub const REPLAYED: &str = "idempotent-replayed";

#[cfg(test)]
mod tests;
