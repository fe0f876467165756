//! The settings of this function. `spin.toml` declares them, with their defaults.

use kit::{Loaded, RetentionDays, Variables};

use crate::policy::{Schedule, milliseconds};

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// The delays before the attempts of a delivery.
    pub(crate) schedule: Schedule,
    /// How long an endpoint may fail before it is disabled, in milliseconds.
    pub(crate) disable_after: i64,
    /// How long a queue is leased at a time, in milliseconds.
    pub(crate) lease: i64,
    /// How long events are kept, and with them their deliveries.
    pub(crate) events: RetentionDays,
    /// How long attempts are kept, in days.
    pub(crate) attempts_days: i64,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        let duration = async |name: &str| {
            let text = variables.text(name).await?;
            let wrong = || format!("variable {name}: '{text}' is not a time; write 30s, 5m or 2h");
            milliseconds(&text).ok_or_else(wrong)
        };
        Ok(Self {
            schedule: variables.value("webhook_schedule").await?,
            disable_after: duration("webhook_disable_after").await?,
            lease: duration("webhook_lease").await?,
            events: variables.value("retention_events_days").await?,
            attempts_days: variables.days("retention_webhooks_days").await?,
        })
    }
}
