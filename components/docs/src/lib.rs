//! The contract of all functions, served. Routes: see `openapi/docs.yaml`.
//!
//! The document is the one that this function was built with: it is part of the artifact,
//! so that it cannot be another version than the artifact.

/// The operations, generated from `openapi/docs.yaml`.
pub mod contract {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

use contract::Op;

kit::function!(contract::Op, dispatch);

/// `openapi.json`, without insignificant space.
static BUNDLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json"));

async fn dispatch(op: Op, _call: kit::Call) -> kit::Result {
    match op {
        Op::GetOpenapi => Ok(kit::Reply::bytes("application/json; charset=utf-8", BUNDLE.to_vec())),
    }
}
