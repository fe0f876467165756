//! The settings of this function. `spin.toml` declares them, with their defaults.

use kit::{Loaded, Variables};

use crate::lifecycle::Table;

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// The deprecated versions and operations, and when each of them ends.
    pub(crate) lifecycle: Table,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        let name = "api_lifecycle";
        let table = Table::parse(&variables.optional(name).await);
        Ok(Self { lifecycle: table.map_err(|why| format!("variable {name}: {why}"))? })
    }
}
