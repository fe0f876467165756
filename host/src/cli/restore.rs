//! `tenantry restore`

use super::{DataArgs, progress, size};
use std::path::PathBuf;

pub(crate) const EXAMPLES: &str = "\
FILE is a backup, made by `tenantry backup` of this release or of an older one. If its schema
is older, then the server updates it at its next start. The server must not be running: stop
it, restore, and start it again with the same master key (SPIN_VARIABLE_MASTER_KEY).

Data that was written after the backup is lost. Readers of the event feed may have read
events that no longer exist, so they must read the feed again from the start. The command
also empties the key-value data, which belongs to the replaced database: rate limits start
again, and retries are answered from the database.

The command changes nothing in these cases:
  - FILE is damaged, is not a database of Tenantry, or comes from a newer release
  - a server is running
  - a database exists, and --force is not given

Examples:
  tenantry restore monday.db
  tenantry restore monday.db --data /var/lib/tenantry --force
                       the old database stays as /var/lib/tenantry/sqlite.db.before-restore
  tenantry restore monday.db --data /tmp/rehearsal && tenantry up --data /tmp/rehearsal";

#[derive(clap::Args)]
pub(crate) struct Restore {
    /// The backup to restore.
    file: PathBuf,
    #[command(flatten)]
    data_args: DataArgs,
    /// Replace an existing database, and keep it as sqlite.db.before-restore.
    #[arg(long)]
    force: bool,
}

impl Restore {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let options = host::Restore {
            file: self.file,
            data: self.data_args.data,
            runtime_config: self.data_args.runtime_config,
            force: self.force,
            newest_schema: host::SCHEMA_VERSION,
        };
        let done = host::restore(&options, progress)?;
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
