//! `tenantry export`

use super::{Where, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE has everything that is in SQL, of one moment, also while servers go on writing. Either
store reads it again (`tenantry import`), so it moves a service from one to the other. To
keep copies of the embedded store, `tenantry backup` is faster. FILE.partial is what a
killed command left. Nobody but you may read FILE: it has the hashes of passwords.

Not in it:
  key-value data      limits, kept answers, published keys: they expire or are made again
  the master key      the signing keys in FILE are sealed with SPIN_VARIABLE_MASTER_KEY; the
                      servers at the other end need the same

From the embedded store to PostgreSQL:
  1. stop the server: what it wrote after the export would be left behind
  2. tenantry export all.jsonl
  3. in PostgreSQL, as a role that may:
       CREATE ROLE tenantry_owner LOGIN PASSWORD '…';
       CREATE ROLE tenantry_app LOGIN PASSWORD '…';
       CREATE DATABASE tenantry OWNER tenantry_owner;
  4. tenantry migrate --database-url postgres://tenantry_owner:…@db/tenantry
  5. tenantry import all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  6. SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app:…@db/tenantry tenantry up

And back:
  1. stop all servers
  2. tenantry export all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  3. tenantry import all.jsonl --data /var/lib/tenantry
  4. tenantry up --data /var/lib/tenantry        without SPIN_VARIABLE_POSTGRES_URL

Everybody stays signed in, and who follows the event feed goes on with the same cursor.";

#[derive(clap::Args)]
pub(crate) struct Export {
    /// The file to make. One that exists is never overwritten.
    file: PathBuf,
    #[command(flatten)]
    from: Where,
}

impl Export {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let from = self.from.store();
        let done = super::block_on(tenantry::export(&self.file, &from, progress))?;
        println!(
            "Exported {} rows to {}: {} in {:.1?}",
            done.total(),
            self.file.display(),
            size(done.bytes),
            done.took
        );
        Ok(())
    }
}
