//! `tenantry restore`

use super::{Place, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is what `tenantry backup` made, with this release or an older one; a schema that is
older is brought up to date when the server starts. The server must not be running: stop
it, restore, start it again with the master key (SPIN_VARIABLE_MASTER_KEY) that it had.

What was written after the backup is gone. Who follows the event feed has read events that
are no more, and must read the feed anew. Key-value data belongs to the state that is
replaced and is emptied: limits begin anew, and retries are answered from the database.

Nothing is changed when FILE is damaged, is not a database of Tenantry or is of a newer
release, when a server is running, or when there is a database and no --force.

Examples:
  tenantry restore monday.db
  tenantry restore monday.db --data /var/lib/tenantry --force
                       the old database stays as /var/lib/tenantry/sqlite.db.before-restore
  tenantry restore monday.db --data /tmp/rehearsal && tenantry up --data /tmp/rehearsal";

#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The backup.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Replace a database that is there; it is kept as sqlite.db.before-restore.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let options = tenantry::Restore {
            file: self.file,
            data: self.place.data,
            runtime_config: self.place.runtime_config,
            force: self.force,
            newest_schema: tenantry::SCHEMA_VERSION,
        };
        let done = tenantry::restore(&options, progress)?;
        println!(
            "Restored {} to {}: {} with schema version {} in {:.1?}",
            options.file.display(),
            done.database.display(),
            size(done.bytes),
            done.schema,
            done.took
        );
        if let Some(kept) = done.kept {
            println!("The database before it is now {}", kept.display());
        }
        println!("Key-value data was emptied: it belonged to another state of the database");
        Ok(())
    }
}
