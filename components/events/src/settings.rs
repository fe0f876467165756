//! The settings of this function. `spin.toml` declares them, with their defaults.

use std::time::Duration;

use kit::{Loaded, RetentionDays, Variables};

pub(crate) static SETTINGS: Loaded<Settings> = Loaded::new();

pub(crate) struct Settings {
    /// The life of a stream.
    pub(crate) stream: Duration,
    /// How long events are kept.
    pub(crate) retention: RetentionDays,
}

impl kit::Settings for Settings {
    async fn load(variables: &Variables) -> Result<Self, String> {
        let seconds = variables.number("stream_seconds", 1..=86_400).await?;
        Ok(Self {
            stream: Duration::from_secs(seconds.into()),
            retention: variables.value("retention_events_days").await?,
        })
    }
}
