//! `tenantry export`

use super::{StoreArgs, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE contains all data of the SQL database, as it is at one moment. Servers may go on
writing. `tenantry import` puts the export into either store, so you can move a service from
one store to the other. To make backups of the embedded store, use `tenantry backup`, which
is faster. A FILE.partial is left over from a command that was killed. Only you can read
FILE, because it contains the hashes of passwords.

The export does not contain:
  key-value data      rate limits, stored responses and published keys; they expire, or the
                      server makes them again
  the master key      SPIN_VARIABLE_MASTER_KEY encrypts the signing keys in FILE; the servers
                      that use the imported data need the same master key

To move from the embedded store to PostgreSQL:
  1. stop the server; otherwise its later writes would not be in the export
  2. tenantry export all.jsonl
  3. in PostgreSQL, as a role that may create roles and databases:
       CREATE ROLE tenantry_owner LOGIN PASSWORD '…';
       CREATE ROLE tenantry_app LOGIN PASSWORD '…';
       CREATE DATABASE tenantry OWNER tenantry_owner;
  4. tenantry migrate --database-url postgres://tenantry_owner:…@db/tenantry
  5. tenantry import all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  6. SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app:…@db/tenantry \\
     SPIN_VARIABLE_POSTGRES_HOST=db:5432 tenantry up

To move back:
  1. stop all servers
  2. tenantry export all.jsonl --database-url postgres://tenantry_owner:…@db/tenantry
  3. tenantry import all.jsonl --data /var/lib/tenantry
  4. tenantry up --data /var/lib/tenantry        without SPIN_VARIABLE_POSTGRES_URL

All users stay signed in. Readers of the event feed go on with the same cursor.";

#[derive(clap::Args)]
pub(crate) struct Export {
    /// The file to make. The command never overwrites a file that exists.
    file: PathBuf,
    #[command(flatten)]
    from: StoreArgs,
}

impl Export {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let from = self.from.store();
        let done = super::block_on(host::export(&self.file, &from, progress))?;
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
