//! `tenantry build`: runs the build commands of `spin.toml`.

use crate::config::manifest::{Commands, Manifest};
use anyhow::{Context as _, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Runs the build commands of the components called `names`, or of all components if `names` is
/// empty. The order is that of the manifest, and each distinct command runs once. `progress` gets a
/// line for each command.
///
/// # Errors
///
/// The first command that fails, with the name of the component that asked for it.
pub fn build(manifest: &Path, names: &[String], progress: impl Fn(&str)) -> anyhow::Result<()> {
    let manifest = Manifest::read(manifest)?;
    let mut done: Vec<(PathBuf, &str)> = Vec::new();
    let mut steps = Vec::new();
    for (id, component) in manifest.components(names)? {
        let Some(build) = &component.build else { continue };
        let commands = match &build.command {
            Commands::One(command) => std::slice::from_ref(command),
            Commands::Many(commands) => commands.as_slice(),
        };
        let directory = manifest.directory.join(&build.workdir);
        ensure!(
            directory.is_dir(),
            "{}: [component.{id}.build] workdir: {} is not a directory",
            manifest.path.display(),
            directory.display()
        );
        for command in commands {
            let step = (directory.clone(), command.as_str());
            if !done.contains(&step) {
                done.push(step);
                steps.push((id, directory.clone(), command.as_str()));
            }
        }
    }
    if steps.is_empty() {
        bail!("{}: no component has a [component.<name>.build] command", manifest.path.display());
    }
    for (at, (id, directory, command)) in steps.iter().enumerate() {
        progress(&format!("[{}/{}] Building {id}: {command}", at + 1, steps.len()));
        let begun = Instant::now();
        let status = Command::new("sh")
            .args(["-c", command])
            .current_dir(directory)
            .status()
            .with_context(|| format!("component {id}: {command:?} cannot be run"))?;
        ensure!(
            status.success(),
            "component {id}: the build command {command:?} (in {}) failed with {status}",
            directory.display()
        );
        progress(&format!("[{}/{}] Built {id} in {:.1?}", at + 1, steps.len(), begun.elapsed()));
    }
    Ok(())
}
