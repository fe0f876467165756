//! The interfaces that a guest may import, one file for each. Each uses the
//! [`Grants`](crate::guest::grants::Grants) of the component and refuses everything that they do
//! not allow.

pub(crate) mod key_value;
pub(crate) mod outbound;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod stdio;
mod table;
pub(crate) mod variables;
pub(crate) mod wasi_keyvalue;

use crate::guest::state::State;
use wasmtime::Engine;
use wasmtime::component::Linker;

/// Makes a linker with every interface that this host has.
pub(crate) fn linker(engine: &Engine) -> anyhow::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    link(&mut linker)?;
    Ok(linker)
}

fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    // The standard library of wasm32-wasip2 imports 0.2, everything else uses 0.3.
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi::p3::add_to_linker(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    key_value::link(linker)?;
    postgres::link(linker)?;
    sqlite::link(linker)?;
    variables::link(linker)?;
    wasi_keyvalue::link(linker)
}
