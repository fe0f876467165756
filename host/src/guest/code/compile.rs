//! Compiles WebAssembly to machine code, if possible in a process of its own. A compiler needs a lot of
//! memory, and an allocator does not give all of it back.

use crate::guest::engine;
use anyhow::{Context as _, ensure};
use std::fs::File;
use std::io::{Read, Seek as _, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use wasmtime::Engine;

/// The command of the runner that [`in_child`] calls.
const COMMAND: &str = "compile";

/// Compiles for `engine` and writes the code. `program` is the runner, if it can be started;
/// otherwise this process compiles. Blocks for up to seconds. `failed` is told why the child could
/// not do it.
pub(super) fn compile(
    engine: &Engine,
    program: Option<&Path>,
    wasm: &[u8],
    mut to: &File,
    failed: impl FnOnce(anyhow::Error),
) -> anyhow::Result<()> {
    match program.map(|program| in_child(program, wasm, to)) {
        Some(Ok(())) => return Ok(()),
        Some(Err(error)) => failed(error),
        None => {}
    }
    // If it is the WebAssembly that is wrong, then this tells what is wrong with it.
    to.set_len(0)?;
    to.rewind()?;
    Ok(to.write_all(&engine.precompile_component(wasm)?)?)
}

fn in_child(program: &Path, wasm: &[u8], to: &File) -> anyhow::Result<()> {
    let mut child = Command::new(program)
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(to.try_clone()?)
        .stderr(Stdio::null())
        .spawn()?;
    let sent = child.stdin.take().context("a pipe")?.write_all(wasm);
    let status = child.wait()?;
    sent?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// Compiles what `wasm` has, for this machine, and writes the code.
///
/// # Errors
///
/// The WebAssembly is wrong, or one of the two cannot be used.
pub fn compile_stream(mut wasm: impl Read, mut code: impl Write) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    wasm.read_to_end(&mut bytes)?;
    let compiled = Engine::new(&engine::config())?.precompile_component(&bytes)?;
    code.write_all(&compiled)?;
    Ok(code.flush()?)
}
