//! `tenantry import`

use super::{Where, progress};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is what `tenantry export` made of either store, with a release of the same schema. The
target must be empty:
  the embedded store  is made; its server must not be running
  PostgreSQL          has been made by `tenantry migrate`; no server uses it yet

FILE is read and checked as a whole before anything is written, and everything is one
transaction: when anything is wrong, the target is as it was. `tenantry export --help` has
the steps from one store to the other and back.

Start the servers with the master key (SPIN_VARIABLE_MASTER_KEY) that they had before.

Examples:
  tenantry import all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  tenantry import all.jsonl --data /var/lib/tenantry
  tenantry import all.jsonl --data /tmp/rehearsal && tenantry up --data /tmp/rehearsal";

#[derive(clap::Args)]
pub(crate) struct Import {
    /// The export.
    file: PathBuf,
    #[command(flatten)]
    into: Where,
}

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let into = self.into.store();
        let done = super::block_on(tenantry::import(&self.file, &into, progress))?;
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
