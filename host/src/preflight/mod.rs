//! What is checked before a server starts, so that a wrong setting prevents the start instead of
//! the first request.
//!
//! In this order: `settings.rs` refuses variables that leave the server open to others or have no
//! effect, and sets those that `keys.rs` derives from the master key. `databases.rs` asks the
//! databases whether the functions can use them.

pub(crate) mod databases;
pub(crate) mod keys;
pub(crate) mod settings;
