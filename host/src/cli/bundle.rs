//! `tenantry bundle`

use super::{Manifest, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is this program with the functions appended to it. It contains each function compiled for
all machines of this machine's processor family, and also in portable form for other machines.
FILE runs on a machine that has neither a checkout nor Rust:

  ./FILE up                   serves the functions, from any folder without a spin.toml
  ./FILE unpack DIR           writes its contents into DIR

`strip` and similar tools cut the functions off. Use them on the program before you bundle it.
In a checkout, `scripts/release` does all of these steps.

Examples, in a checkout whose functions are built:
  tenantry bundle service
  cargo run -p openapi > target/openapi.json
  tenantry bundle service --add openapi.json=target/openapi.json";

#[derive(clap::Args)]
pub(crate) struct Bundle {
    /// The file to make. If it exists, then it is replaced.
    file: PathBuf,
    #[command(flatten)]
    manifest: Manifest,
    /// Adds a file, which `unpack` writes under this name; may be repeated.
    #[arg(long, value_name = "NAME=FILE", value_parser = named)]
    add: Vec<(String, PathBuf)>,
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("is not NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

impl Bundle {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let done = host::bundle(&self.file, &self.manifest.file(), &self.add, progress)?;
        println!(
            "Bundled {}: {}, of which {} are the program",
            self.file.display(),
            size(done.total),
            size(done.program)
        );
        Ok(())
    }
}
