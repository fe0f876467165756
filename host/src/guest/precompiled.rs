//! Compiled code in a bundle, for all machines of one processor family. This is the only `unsafe`
//! code of the runner: compiled code is machine code, and Wasmtime trusts its bytes.

use crate::config::bundle::{Bundle, COMPILED};
use crate::guest::engine;
use anyhow::Context as _;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The processor features that the code is compiled for. A machine without them compiles the
/// portable functions at the start. (x86-64: Intel since 2013, AMD since 2015. Elsewhere: the
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

impl Bundle {
    /// Loads the compiled code of a WebAssembly file.
    ///
    /// # Errors
    ///
    /// The code cannot be used on this machine; the error says why.
    #[expect(unsafe_code, reason = "machine code is believed")]
    pub(crate) fn compiled(&self, engine: &Engine, wasm: &str) -> anyhow::Result<Component> {
        let code = self.read(&name(wasm))?;
        // SAFETY: a `Bundle` holds bytes that stand after the program in the running file. Nobody
        // can write to that file while it runs, and the hash of the bytes is right.
        // `commands/pack.rs` has put the code there, as Wasmtime made it. Somebody who could put
        // other code there could as well have changed the program. Wasmtime itself checks that this
        // version of it made the code, and that the code is made for what this engine and this
        // machine can do.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_err(anyhow::Error::from).context("its compiled code does not fit")
    }
}
