//! What gateway, functions and runner say to each other, said once.
//!
//! - [`message`]: a call of a function and its answer. These are the types of `wit/` in plain Rust,
//!   and [`conversions!`] makes the conversions to and from generated bindings.
//! - [`error`] and [`registry`]: the one way in which a call fails.
//! - [`metadata`]: what gateway and function tell each other in headers that no client sees.
//! - [`entry`]: the entries of the key-value store that more than one of them reads.
//! - [`contract`]: the tables that the crate `openapi` compiles from the OpenAPI files.
//! - [`setting`]: the texts of settings.
//! - [`sql`]: what a statement says to the runner.
//! - [`case`]: the spellings of names.
//!
//! It imports nothing, because everything else depends on it.

pub mod case;
pub mod contract;
mod conversions;
pub mod entry;
pub mod error;
mod grants;
pub mod message;
pub mod metadata;
pub mod registry;
pub mod setting;
pub mod sql;

pub use error::{Error, Violation};
pub use grants::Grants;
pub use message::{
    Body, Caller, Context, Idempotency, Limit, Location, Operation, Parameter, Principal, Relation,
    Request, Response, Shape,
};
pub use registry::{Code, Row};
