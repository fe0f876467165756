//! `tenantry unpack`

use host::Bundle;
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
A released program contains the functions that it serves, and files that belong to them. The
command writes these into DIRECTORY:

  spin.toml                   the routes, and the resources that each function may reach
  openapi.json                the contract
  migrations/                 the schema; `tenantry migrate` does not need these files
  target/wasm32-wasip2/       the functions, which Spin can run too

You can change spin.toml there, and serve the result.

Examples:
  tenantry unpack tenantry-files
  tenantry up --from tenantry-files/spin.toml";

#[derive(clap::Args)]
pub(crate) struct Unpack {
    /// The folder to write into. It must not exist, or must be empty.
    directory: PathBuf,
}

impl Unpack {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let bundle = Bundle::inside()?;
        let bundle = bundle.ok_or_else(|| anyhow::anyhow!("this program holds no functions"))?;
        for name in bundle.unpack(&self.directory)? {
            println!("{}", self.directory.join(name).display());
        }
        Ok(())
    }
}
