//! What the operator wrote: the options of a server, the manifest, the variables and the runtime
//! config, and the files in the running program. It is read and checked here, and nothing is done
//! with it.
//!
//! A server reads in this order: `options.rs`, `manifest.rs` (from the disk, or from `bundle/`),
//! `runtime_config.rs`, `variables.rs`, `master.rs`. From them follows what one component may
//! reach: `hosts.rs` has the names, and `addresses.rs` the addresses.

pub(crate) mod addresses;
pub(crate) mod bundle;
pub(crate) mod hosts;
pub(crate) mod manifest;
pub(crate) mod master;
pub(crate) mod options;
pub(crate) mod runtime_config;
mod toml_file;
pub(crate) mod variables;
pub(crate) mod wasm;
