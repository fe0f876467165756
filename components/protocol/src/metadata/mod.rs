//! The metadata of calls and answers: headers between gateway and function that no client sees. Each
//! kind is written and read here.

mod due;
mod page;
mod refusal;
mod request;

pub use due::{DueWork, take_work_due, work_due};
pub use page::Page;
pub use refusal::Refusal;
pub use request::{Key, RequestMetadata, credential};

/// The header of an answer that comes from the receipt of an idempotency key.
pub const REPLAYED: &str = "idempotent-replayed";

#[cfg(test)]
mod tests;
