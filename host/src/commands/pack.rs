//! `tenantry bundle`: makes one file of this runner and the functions of a manifest.

use crate::config::bundle::trailer::{self, Trailer};
use crate::config::bundle::{COMPILED, MANIFEST, Writer, running};
use crate::config::manifest::Manifest;
use crate::guest::code::machine_code;
use crate::system::atomic_file::AtomicFile;
use anyhow::{Context as _, ensure};
use std::collections::BTreeSet;
use std::fs::{File, Permissions};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The result of making a bundle.
pub struct Bundled {
    /// The length of the runner, in bytes.
    pub program: u64,
    /// The length of the whole file, in bytes.
    pub total: u64,
}

/// Makes the file `target`, in place of a file that is there. It holds this runner, the functions
/// of `manifest`, the same functions compiled for all machines of this one's family, and `others`
/// under their names. `progress` gets a line for each function that is compiled.
///
/// # Errors
///
/// The manifest or a file cannot be read, a function cannot be compiled, or the target cannot be
/// written.
pub fn bundle(
    target: &Path,
    manifest: &Path,
    others: &[(String, PathBuf)],
    progress: impl Fn(&str),
) -> anyhow::Result<Bundled> {
    // Other systems require signed programs, or have no `/proc/self/exe`.
    ensure!(cfg!(target_os = "linux"), "a bundle works only on Linux; serve the manifest instead");
    others.iter().try_for_each(|(name, _)| reserved(name))?;
    let mut archive = Writer::new();
    archive.add(MANIFEST, &read(manifest)?)?;
    let manifest = Manifest::read(manifest)?;
    functions(&manifest, &mut archive, progress)?;
    for (name, file) in others {
        archive.add(name, &read(file)?)?;
    }
    let archive = archive.finish()?;

    let partial = AtomicFile::create(target)?;
    let mut file = partial.writer()?;
    let program = copy_program(&mut file)?;
    trailer::write(&mut file, &archive)
        .and_then(|()| file.set_permissions(Permissions::from_mode(0o755)))
        .with_context(|| format!("{}: cannot be written", target.display()))?;
    let total = partial.sync()?;
    partial.finish()?;
    Ok(Bundled { program, total })
}

/// Adds the WebAssembly files under the names that the manifest gives them. Adds the compiled code
/// of each component's route component, or of the component itself if it has none. The composed
/// form of a component is not compiled here. It is the same as on Spin, where nobody waits for this
/// runner, and its code would double the size.
fn functions(
    manifest: &Manifest,
    archive: &mut Writer,
    progress: impl Fn(&str),
) -> anyhow::Result<()> {
    let compiler = machine_code::compiler()?;
    let (mut added, mut compiled) = (BTreeSet::new(), BTreeSet::new());
    for (id, component) in manifest.components(&[])? {
        let source = manifest.source(id, component)?;
        let route = manifest.route(id, component)?;
        for file in [Some(&source), route.as_ref()].into_iter().flatten() {
            if added.insert(file.name().to_owned()) {
                reserved(file.name())?;
                archive.add(file.name(), &file.read()?)?;
            }
        }
        let file = route.unwrap_or(source);
        if compiled.insert(file.name().to_owned()) {
            progress(&format!("Compiling {id}"));
            let code = compiler.precompile_component(&file.read()?).map_err(anyhow::Error::from);
            let code = code.with_context(|| format!("component {id}: {file}"))?;
            archive.add(&machine_code::name(file.name()), &code)?;
        }
    }
    ensure!(!added.is_empty(), "{}: no component to bundle", manifest.path.display());
    Ok(())
}

/// Refuses a name in the folder of compiled code. Only code that was compiled here may be there,
/// because it is run as it is.
fn reserved(name: &str) -> anyhow::Result<()> {
    ensure!(
        !Path::new(name).starts_with(COMPILED),
        "{name}: {COMPILED}/ is for compiled functions"
    );
    Ok(())
}

/// Copies the running runner, without a bundle that it may hold itself.
fn copy_program(to: &mut File) -> anyhow::Result<u64> {
    let mut program = running()?;
    let length = match Trailer::find(&mut program)? {
        Some(trailer) => trailer.program,
        None => program.metadata()?.len(),
    };
    program.rewind()?;
    std::io::copy(&mut program.take(length), to).context("the runner cannot be copied")
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{}: cannot be read", file.display()))
}
