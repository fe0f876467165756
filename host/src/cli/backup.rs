//! `tenantry backup`

use super::{DataArgs, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
The command copies the database as it is at the moment when the command begins. The server
may run and be under load: requests go on. The command first writes FILE.partial. It checks
the copy, writes it to the disk, and only then renames it to FILE. So if FILE exists, then
it is a good backup. A FILE.partial is left over from a command that was killed. Only you
can read the backup, because it contains the hashes of passwords.

The backup does not contain:
  key-value data      rate limits, stored responses and published keys; they expire, or the
                      server makes them again
  the master key      SPIN_VARIABLE_MASTER_KEY encrypts the signing keys in the backup, which
                      are of no use without it; so keep it, in another place

Examples:
  tenantry backup monday.db
  tenantry backup --data /var/lib/tenantry /backups/$(date +%F-%H%M).db
  tenantry restore monday.db --data /tmp/rehearsal      check that the backup works";

#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The file to make. The command never overwrites a file that exists.
    file: PathBuf,
    #[command(flatten)]
    data_args: DataArgs,
}

impl Backup {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let config = self.data_args.runtime_config.as_deref();
        let done = host::backup(&self.file, &self.data_args.data, config, progress)?;
        println!(
            "Backed up {} to {}: {} in {:.1?}",
            done.database.display(),
            self.file.display(),
            size(done.bytes),
            done.took
        );
        Ok(())
    }
}
