//! Compiled code in a bundle, for all machines of one family. The only `unsafe` of the runner:
//! what is compiled is machine code, and Wasmtime believes its bytes.

use super::Bundle;
use crate::engine;
use anyhow::Context as _;
use wasmtime::Engine;
use wasmtime::component::Component;

/// What every machine has that the code is made for. Others compile the portable functions when
/// they start. (x86-64: Intel since 2013, AMD since 2015. Elsewhere: what the first of the family
/// had.)
const FAMILY: Option<&str> = if cfg!(target_arch = "x86_64") { Some("x86-64-v3") } else { None };

/// Where a bundle keeps compiled code.
pub(super) const FOLDER: &str = "compiled/";

/// The name of the code of a WebAssembly file.
pub(super) fn name(wasm: &str) -> String {
    format!("{FOLDER}{wasm}")
}

/// An engine that compiles for the family instead of for this machine, and runs nothing.
#[expect(unsafe_code, reason = "Wasmtime has no other way to choose the features of a processor")]
pub(super) fn compiler() -> anyhow::Result<Engine> {
    let mut config = engine::config();
    // With a target named, nothing is taken from the processor of this machine.
    config.target(&format!("{}-unknown-{}-gnu", std::env::consts::ARCH, std::env::consts::OS))?;
    if let Some(family) = FAMILY {
        // SAFETY: the flag is a set of features, and code that has it is run only by an engine
        // that has found each of them on its machine (`Component::deserialize`).
        unsafe { config.cranelift_flag_enable(family) };
    }
    Ok(Engine::new(&config)?)
}

impl Bundle {
    /// The compiled code of a WebAssembly file.
    ///
    /// # Errors
    /// Why it cannot be used on this machine.
    #[expect(unsafe_code, reason = "machine code is believed")]
    pub(crate) fn compiled(&self, engine: &Engine, wasm: &str) -> anyhow::Result<Component> {
        let code = self.read(&name(wasm))?;
        // SAFETY: a `Bundle` holds what stands behind the program in the file that is running,
        // which nobody can write to while it runs, and whose hash is right. `bundle::pack` has put
        // the code there, as Wasmtime made it. Whoever could put another there could as well
        // have changed the program. That it was made by this version of Wasmtime, for what this
        // engine and this machine can do, is asked by Wasmtime.
        let component = unsafe { Component::deserialize(engine, code) };
        component.map_err(anyhow::Error::from).context("its compiled code does not fit")
    }
}
