//! The code that the functions of the bundle share. A function is a list of operations (its
//! contract, compiled by `openapi/`), a dispatcher, and handlers. A handler takes a `Call` and
//! returns a `Reply`:
//!
//! ```ignore
//! kit::function!(Op, dispatch);
//!
//! async fn dispatch(op: Op, call: Call) -> kit::Result {
//!     match op {
//!         Op::GetProject => get(&call),
//!     }
//! }
//! ```
//!
//! A handler reaches the database only through a `Scope`, which is made from the caller of the
//! call. So a handler that forgets the tenant does not compile.

pub mod column;
pub mod contract;
pub mod hops;
pub mod list;
pub mod signing_secret;
pub mod target;
pub mod validate;

#[cfg(target_arch = "wasm32")]
pub mod bindings;
#[cfg(target_arch = "wasm32")]
mod call;
mod clock;
#[cfg(target_arch = "wasm32")]
pub mod cloud_events;
mod error;
#[cfg(target_arch = "wasm32")]
mod event;
pub mod event_type;
#[cfg(target_arch = "wasm32")]
mod fault_injection;
#[cfg(target_arch = "wasm32")]
mod feed;
#[cfg(target_arch = "wasm32")]
mod function;
mod http_date;
mod id;
#[cfg(target_arch = "wasm32")]
pub mod key_value;
#[cfg(target_arch = "wasm32")]
mod lease;
#[cfg(target_arch = "wasm32")]
pub mod limits;
#[cfg(any(target_arch = "wasm32", test))]
mod lossless_json;
#[cfg(target_arch = "wasm32")]
mod migrate;
#[cfg(target_arch = "wasm32")]
pub mod operator;
#[cfg(target_arch = "wasm32")]
mod outbox;
#[cfg(target_arch = "wasm32")]
mod receipt;
#[cfg(target_arch = "wasm32")]
mod refusal;
#[cfg(target_arch = "wasm32")]
mod reply;
#[cfg(target_arch = "wasm32")]
pub mod resource;
#[cfg(target_arch = "wasm32")]
pub mod retention;
mod retention_days;
#[cfg(target_arch = "wasm32")]
pub mod revocation;
#[cfg(target_arch = "wasm32")]
pub mod roles;
#[cfg(target_arch = "wasm32")]
mod rotating;
#[cfg(any(target_arch = "wasm32", test))]
mod row;
#[cfg(target_arch = "wasm32")]
mod scope;
#[cfg(target_arch = "wasm32")]
mod seal;
#[cfg(target_arch = "wasm32")]
mod serve;
#[cfg(target_arch = "wasm32")]
mod settings;
#[cfg(target_arch = "wasm32")]
mod sql;
#[cfg(target_arch = "wasm32")]
mod stream;
#[cfg(any(target_arch = "wasm32", test))]
mod sync_entry;
mod timestamp;
#[cfg(target_arch = "wasm32")]
mod together;
mod value;
#[cfg(target_arch = "wasm32")]
mod write;

pub use clock::{now, rfc3339};
pub use column::Column;
pub use contract::{EventType, MASK};
pub use error::Internal;
pub use event_type::EVENT_TYPES;
pub use http_date::{http_date, retry_after};
pub use id::{id, trace_id};
pub use protocol::{Caller, Code, Error, Principal, Violation, entry, metadata};
pub use retention_days::RetentionDays;
pub use text;
pub use timestamp::{Timestamp, date, milliseconds, timestamp};
pub use value::Value;

#[cfg(any(target_arch = "wasm32", test))]
pub use row::{FromRow, FromValue, Row};

#[cfg(target_arch = "wasm32")]
pub use {
    call::Call,
    event::Event,
    feed::Published,
    receipt::Envelope,
    reply::Reply,
    resource::{Action, Change, Record, no_rule},
    rotating::RotatingSecrets,
    scope::{Scope, System},
    seal::{Seal, derived},
    serve::{describe, serve},
    settings::{Loaded, Settings, Variables, in_development, public_url},
    stream::{Writer, sleep},
};

/// The result of a handler: the answer, or an error. After an error nothing has changed.
#[cfg(target_arch = "wasm32")]
pub type Result<T = Reply> = std::result::Result<T, Error>;
