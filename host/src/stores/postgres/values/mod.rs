//! Converts values between guests and the database, in PostgreSQL's binary format.
//!
//! The types are those of Spin. Numbers with a decimal point are exact to the last digit. A value
//! that cannot be expressed is an error and never a panic.

mod numeric;
mod parameter;
mod range;
mod rows;
#[cfg(test)]
mod tests;
mod time;

pub(super) use parameter::encode;
pub(super) use rows::{columns, row, size};

/// Why a value cannot be converted.
type BoxError = Box<dyn std::error::Error + Sync + Send>;
