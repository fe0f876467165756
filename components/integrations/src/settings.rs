//! The settings of this function. `spin.toml` declares them, with their defaults.

use kit::{Loaded, RetentionDays, Variables};

use crate::oauth::provider::Providers;

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// The providers at which the operator has registered this server.
    pub(crate) providers: Providers,
    /// How long events are kept, and with them the names of received webhooks.
    pub(crate) events: RetentionDays,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        let name = "oauth_providers";
        let providers = Providers::parse(&variables.optional(name).await);
        Ok(Self {
            providers: providers.map_err(|why| format!("variable {name}: {why}"))?,
            events: variables.value("retention_events_days").await?,
        })
    }
}
