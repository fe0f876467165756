//! What of signing in is decided without asking anybody. The function is built for WebAssembly
//! alone, so its files are taken in here, with the tests that they have.

#![allow(dead_code, reason = "the function uses all of it")]

#[path = "../../components/auth/src/strength/mod.rs"]
mod strength;
#[path = "../../components/auth/src/tries.rs"]
mod tries;
