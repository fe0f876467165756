//! The settings of this function. `spin.toml` declares them, with their defaults.

use kit::{Loaded, Variables};

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// How long audit entries are kept, in days.
    pub(crate) audit_days: i64,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        Ok(Self { audit_days: variables.days("retention_audit_days").await? })
    }
}
