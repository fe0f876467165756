//! The two places of the gateway, and with it the two ways to answer a request. In `fused/` the
//! gateway is native and calls the typed export of a function. In `composed/` it is a part of the
//! component, which answers `wasi:http` (see ARCHITECTURE.md).

pub(crate) mod composed;
pub(crate) mod fused;
