//! `tenantry doctor`

use super::{Manifest, Place};
use tenantry::{Options, State};

pub(crate) const EXAMPLES: &str = "\
Looks at the manifest and its built functions, the variables, the runtime config, the stores,
their clocks, the schema and the keys; changes nothing. Give it the settings that the server
gets. The exit code is 1 when something would keep a server from starting or answering.

Examples:
  tenantry doctor
  tenantry doctor --data /var/lib/tenantry --runtime-config redis.toml
  SPIN_VARIABLE_POSTGRES_URL=postgres://tenantry_app@db/tenantry tenantry doctor";

#[derive(clap::Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    place: Place,
}

impl Doctor {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let options = Options {
            manifest: self.manifest.from,
            data: self.place.data,
            runtime_config: self.place.runtime_config,
            ..Options::default()
        };
        let found = super::block_on(async { Ok(tenantry::doctor(&options).await) })?;
        for finding in &found {
            let mark = match finding.state {
                State::Good => "ok  ",
                State::Doubtful => "look",
                State::Bad => "BAD ",
            };
            println!("{mark}  {:<14}  {}", finding.subject, finding.text);
            if !finding.remedy.is_empty() {
                println!("                      -> {}", finding.remedy);
            }
        }
        let bad = found.iter().filter(|finding| finding.state == State::Bad).count();
        anyhow::ensure!(bad == 0, "a server would not work: {bad} of {} are BAD", found.len());
        Ok(())
    }
}
