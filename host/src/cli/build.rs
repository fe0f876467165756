//! `tenantry build`

use super::{Manifest, progress};

#[derive(clap::Args)]
pub(crate) struct Build {
    #[command(flatten)]
    manifest: Manifest,
}

impl Build {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        host::build(&self.manifest.source()?, &[], progress)
    }
}
