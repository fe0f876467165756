//! The parts of signing in that need no server. The function is built for WebAssembly alone, so its
//! files are included here, with their tests.

#![allow(dead_code, reason = "the function uses all of it")]

#[path = "../../components/auth/src/strength/mod.rs"]
mod strength;
#[path = "../../components/auth/src/tries.rs"]
mod tries;
