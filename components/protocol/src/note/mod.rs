//! What gateway and function tell each other in headers that no client sees. Each kind of note is
//! written and read here.

mod facts;
mod page;
mod refusal;

pub use facts::{Facts, Key, credential};
pub use page::Page;
pub use refusal::Refusal;

/// The header of an answer that comes from the receipt of an idempotency key.
pub const REPLAYED: &str = "idempotent-replayed";

const WORK_DUE: &str = "x-work-due";

/// The header of an answer behind which deliveries are due. Its value names the kind of work; there
/// is only one kind.
pub fn work_due() -> (String, String) {
    (WORK_DUE.to_owned(), "deliveries".to_owned())
}

/// Removes the header of [`work_due`]. Returns whether it was there.
pub fn take_work_due(headers: &mut Vec<(String, String)>) -> bool {
    let sent = headers.len();
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case(WORK_DUE));
    headers.len() < sent
}

#[cfg(test)]
mod tests;
