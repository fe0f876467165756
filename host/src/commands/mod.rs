//! What the commands do, apart from serving: a file for each of `cli/`, which reads the arguments.
//! `offline.rs` is what commands share that change the stores while no server runs.

pub(crate) mod backup;
pub(crate) mod build;
pub(crate) mod doctor;
pub(crate) mod migrate;
mod offline;
pub(crate) mod pack;
pub(crate) mod restore;
pub(crate) mod transfer;
