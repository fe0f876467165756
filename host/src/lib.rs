//! The native runner of a Tenantry bundle: it reads `spin.toml` as it is, gives every
//! component exactly what the manifest grants it, and serves the routes.
//!
//! The path of a request: `server.rs` accepts it, and `routes.rs` finds the component. Then either
//! `fused/` runs the gateway library natively and calls the component's typed export, or
//! `composed/` hands the request to a `wasi:http` component. `interfaces/` has what a guest may
//! import, one file for each interface. The backends of these interfaces are in `store/`, `sqlite/`
//! and `postgres/`.
//!
//! Several servers can run in one process: there is no global state.

mod app;
mod backup;
mod builder;
mod bundle;
mod clock;
mod code;
mod composed;
mod connections;
mod doctor;
mod engine;
mod fused;
mod grants;
mod hosts;
mod http_body;
mod incoming;
mod interfaces;
mod keys;
mod linger;
mod log;
mod machine;
mod manifest;
mod master;
mod memory;
mod metrics;
mod migrate;
mod offline;
mod open_files;
mod options;
mod outbound;
mod outgoing;
mod pace;
mod partial;
mod portable;
mod postgres;
mod private;
mod problem;
mod restore;
mod routes;
mod runtime_config;
mod server;
mod settings;
mod site;
mod sqlite;
mod stall;
mod state;
mod store;
mod streams;
mod ticker;
mod tls;
mod toml_file;
mod variables;
mod wasm;
mod wire;

pub use backup::{BackedUp, backup};
pub use builder::build;
pub use bundle::{Bundle, Bundled, bundle};
pub use clock::Clock;
pub use doctor::{Finding, State, doctor};
pub use keys::keys;
pub use log::Log;
pub use migrate::{Roles, migrate};
pub use migrations::VERSION as SCHEMA_VERSION;
pub use options::{Connections, Limits, Options, Placement};
pub use portable::{Moved, Store, export, import};
pub use restore::{Restore, Restored, restore};
pub use routes::RouteLine;
pub use server::{Server, up};
