//! `tenantry keys`

pub(crate) const EXAMPLES: &str = "\
You need this only if you serve the functions with Spin. Some variables are derived from the
master key, and Spin needs them beside it. The command prints them as NAME=value lines for a
shell. `tenantry up` derives them by itself.

Examples:
  SPIN_VARIABLE_MASTER_KEY=… tenantry keys
  export $(SPIN_VARIABLE_MASTER_KEY=… tenantry keys)";

#[derive(clap::Args)]
pub(crate) struct Keys {
    /// The master key: 32 bytes in base64.
    #[arg(long, env = "SPIN_VARIABLE_MASTER_KEY", hide_env_values = true, value_name = "KEY")]
    master_key: String,
}

impl Keys {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        for (name, value) in host::keys(&self.master_key)? {
            println!("{name}={value}");
        }
        Ok(())
    }
}
