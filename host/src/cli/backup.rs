//! `tenantry backup`

use super::{Place, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
The copy is the database as it is at the moment when the command begins, also under load:
requests go on. It is checked and is on the disk before it gets its name, so a FILE that is
there is a good backup, and FILE.partial is what a killed command left. Nobody but you may
read it: it has the hashes of passwords.

Not in it:
  key-value data      limits, kept answers, published keys: they expire or are made again
  the master key      keep SPIN_VARIABLE_MASTER_KEY somewhere else, and keep it: the signing
                      keys in the backup are sealed with it and are of no use without it

Examples:
  tenantry backup monday.db
  tenantry backup --data /var/lib/tenantry /backups/$(date +%F-%H%M).db
  tenantry restore monday.db --data /tmp/rehearsal      try what you have";

#[derive(clap::Args)]
pub(crate) struct Backup {
    /// The file to make. One that exists is never overwritten.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
}

impl Backup {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let config = self.place.runtime_config.as_deref();
        let done = tenantry::backup(&self.file, &self.place.data, config, progress)?;
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
