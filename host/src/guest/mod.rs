//! WebAssembly guests: their code, what they may reach, and the instances that run them. The rooms
//! above say when an instance is made and what it is called for.
//!
//! At the start `code/` finds the code of a component, or compiles it. `grants.rs` turns the manifest into what one component may reach. For
//! each instance `state.rs` makes a store with these grants, and `memory.rs` bounds its memory. A
//! call of the guest to the outside goes through one file of `interfaces/` to the stores, or to
//! `outbound/`.

pub(crate) mod code;
pub(crate) mod engine;
pub(crate) mod grants;
pub(crate) mod interfaces;
pub(crate) mod memory;
pub(crate) mod outbound;
pub(crate) mod state;
