//! The backends in which functions keep data. A function reaches them through `guest/interfaces/`,
//! which asks for the grants first. The native gateway uses `key_value/` directly.

pub(crate) mod key_value;
pub(crate) mod postgres;
pub(crate) mod sqlite;
