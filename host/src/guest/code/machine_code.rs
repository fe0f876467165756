//! Compiled code: for which processors it is made, and how it is loaded. This is the only `unsafe`
//! code of the runner. Compiled code is machine code, and Wasmtime believes its bytes. It checks that
//! this version of it made the code, and that the code is made for what this engine and this machine
//! can do.

use crate::config::bundle::COMPILED;
use crate::guest::engine;
use anyhow::Context as _;
use std::path::Path;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The processor features that the code in a bundle is compiled for. A machine without them compiles
/// the portable functions at the start. (x86-64: Intel since 2013, AMD since 2015. Elsewhere: the
/// features of the first processors of the family.)
const FAMILY: Option<&str> = if cfg!(target_arch = "x86_64") { Some("x86-64-v3") } else { None };

/// The name in the bundle of the code that a WebAssembly file is compiled to.
pub(crate) fn name(wasm: &str) -> String {
    format!("{COMPILED}{wasm}")
}

/// An engine that compiles for the family instead of for this machine. It runs nothing.
#[expect(unsafe_code, reason = "Wasmtime has no other way to choose the features of a processor")]
pub(crate) fn compiler() -> anyhow::Result<Engine> {
    let mut config = engine::config();
    // If a target is named, then Wasmtime takes no features from the processor of this machine.
    config.target(&format!("{}-unknown-{}-gnu", std::env::consts::ARCH, std::env::consts::OS))?;
    if let Some(family) = FAMILY {
        // SAFETY: the flag is a set of processor features. Code that is compiled with it runs only
        // on an engine that has found each of these features on its machine
        // (`Component::deserialize` checks that).
        unsafe { config.cranelift_flag_enable(family) };
    }
    Ok(Engine::new(&config)?)
}

/// Maps a file of compiled code into memory. So only the pages that are used take memory, and the
/// system can drop them at any time.
///
/// # Errors
///
/// The code cannot be used on this machine, or files cannot be mapped as code here.
#[expect(unsafe_code, reason = "machine code is believed")]
pub(super) fn map(engine: &Engine, file: &Path) -> anyhow::Result<Component> {
    // SAFETY: the file is in the data folder, which only the user of this process may write to, and
    // who may write there may as well change the databases. `cache.rs` puts files there as a whole,
    // as Wasmtime made them, and never changes one.
    let component = unsafe { Component::deserialize_file(engine, file) };
    component.map_err(anyhow::Error::from).context("its compiled code does not fit")
}

/// Loads compiled code into memory.
///
/// # Errors
///
/// The code cannot be used on this machine.
#[expect(unsafe_code, reason = "machine code is believed")]
pub(super) fn load(engine: &Engine, code: &[u8]) -> anyhow::Result<Component> {
    // SAFETY: the code was compiled by this process, or by another one of the same program, or comes
    // from the bundle in the running file. Nobody can write to that file while it runs, and the hash
    // of its bytes is right. `commands/pack.rs` has put the code there, as Wasmtime made it. Somebody
    // who could put other code there could as well have changed the program.
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(anyhow::Error::from).context("its compiled code does not fit")
}
