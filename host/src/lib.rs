//! The native runner of a Tenantry bundle: it reads `spin.toml` as it is, gives every
//! component exactly what the manifest grants it, and serves the routes.
//!
//! The rooms, from those that use others to those that are used. A room uses only rooms below it
//! (`tests/rules/rooms.rs`):
//!
//! | room | has |
//! |---|---|
//! | `commands` | what the commands of the program do |
//! | `server` | a running server: accepts connections, and hands requests to components |
//! | `placements` | the gateway in its two places, which answers a request |
//! | `http` | connections, bodies, routes, errors |
//! | `guest` | WebAssembly: code, grants, instances, and what they may import |
//! | `preflight` | what is checked before the start |
//! | `stores` | key-value, SQLite, PostgreSQL |
//! | `config` | what the operator wrote |
//! | `system` | the machine: clock, files, log |
//!
//! The path of a request: `server/` accepts it, and `http/routes.rs` finds the component. Then
//! either `placements/fused/` runs the gateway library natively and calls the component's typed
//! export, or `placements/composed/` hands the request to a `wasi:http` component.
//! `guest/interfaces/` has what a guest may import, one file for each interface. The backends of
//! these interfaces are in `stores/`.
//!
//! Several servers can run in one process: there is no global state.

mod commands;
mod config;
mod guest;
mod http;
mod placements;
mod preflight;
mod server;
mod stores;
mod system;

pub use crate::http::routes::RouteLine;
pub use commands::backup::{BackedUp, backup};
pub use commands::build::build;
pub use commands::doctor::{Finding, Verdict, doctor};
pub use commands::migrate::{Roles, migrate};
pub use commands::pack::{Bundled, bundle};
pub use commands::restore::{Restore, Restored, restore};
pub use commands::transfer::{Store, TransferResult, export, import};
pub use config::bundle::{Bundle, program};
pub use config::options::{Connections, Limits, Options, Placement};
pub use guest::code::compile::compile_stream as compile;
pub use migrations::VERSION as SCHEMA_VERSION;
pub use preflight::keys::keys;
pub use server::listener::{Server, up};
pub use system::clock::Clock;
pub use system::log::Log;
