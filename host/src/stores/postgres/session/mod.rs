//! The session that a guest has with a database: its connection, the physical connection that it
//! holds meanwhile, and the statements that run on it.

mod connection;
mod lease;
mod task;

pub(crate) use connection::Connection;
