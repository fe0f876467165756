//! `tenantry import`

use super::{StoreArgs, progress};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is an export of either store, made by `tenantry export`. The release that made it must
have the same schema version. The target must be empty:
  the embedded store  the command makes it; its server must not be running
  PostgreSQL          run `tenantry migrate` on it first; no server may use it yet

The command reads and checks all of FILE before it writes anything. It writes everything in
one transaction. So if anything is wrong, then the target stays as it was.
`tenantry export --help` lists the steps to move from one store to the other and back.

Afterwards start the servers with the same master key (SPIN_VARIABLE_MASTER_KEY) as before.

Examples:
  tenantry import all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  tenantry import all.jsonl --data /var/lib/tenantry
  tenantry import all.jsonl --data /tmp/rehearsal && tenantry up --data /tmp/rehearsal";

#[derive(clap::Args)]
pub(crate) struct Import {
    /// The export to read.
    file: PathBuf,
    #[command(flatten)]
    into: StoreArgs,
}

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let into = self.into.store();
        let done = super::block_on(host::import(&self.file, &into, progress))?;
        for (table, rows) in &done.rows {
            println!("{rows:>12}  {table}");
        }
        println!(
            "Imported {} rows from {} in {:.1?}",
            done.total(),
            self.file.display(),
            done.took
        );
        Ok(())
    }
}
