//! The integration tests of the bundle: `main.rs` is their one binary.
