//! `tenantry bundle`

use super::{Manifest, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is this program with the functions behind it, compiled for every machine of this one's
family and portable for the others. It runs where there is neither a checkout nor Rust:

  ./FILE up                   serves the functions, from any folder without a spin.toml
  ./FILE unpack DIR           what it holds

`strip` and the like cut the functions off: use them on the program before. `scripts/release` of
a checkout does all of it.

Examples:
  tenantry bundle service
  tenantry bundle service --add openapi.json=target/openapi.json";

#[derive(clap::Args)]
pub(crate) struct Bundle {
    /// The file to make, in place of one that is there.
    file: PathBuf,
    #[command(flatten)]
    manifest: Manifest,
    /// Another file for `unpack`, under the name that it gets there; may be repeated.
    #[arg(long, value_name = "NAME=FILE", value_parser = named)]
    add: Vec<(String, PathBuf)>,
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("is not NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

impl Bundle {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let done = tenantry::bundle(&self.file, &self.manifest.file(), &self.add, progress)?;
        println!(
            "Bundled {}: {}, of which {} are the program",
            self.file.display(),
            size(done.total),
            size(done.program)
        );
        Ok(())
    }
}
