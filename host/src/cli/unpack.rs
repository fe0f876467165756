//! `tenantry unpack`

use std::path::PathBuf;
use tenantry::Bundle;

pub(crate) const EXAMPLES: &str = "\
A released program holds what it serves. In DIR are then

  spin.toml                   what is served, and what each function may reach
  openapi.json                the contract
  migrations/                 the schema; `tenantry migrate` has it in itself
  target/wasm32-wasip2/       the functions, as they run on Spin too

and `tenantry up --from DIR/spin.toml` serves that, also after a change of spin.toml.

Examples:
  tenantry unpack tenantry-files";

#[derive(clap::Args)]
pub(crate) struct Unpack {
    /// The folder to make, or an empty one.
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
