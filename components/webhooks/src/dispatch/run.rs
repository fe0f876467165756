//! A run of the dispatcher: its settings, its connection and its time.

use std::time::{Duration, Instant};

use kit::{Call, Internal, Seal, System, cloud_events};

use crate::policy::Schedule;

/// How long a run begins new work. Work that has begun may still finish. Even with the longest
/// time-out of an endpoint, the sum stays below the time that a request to the runner may take.
pub(super) const RUN: Duration = Duration::from_secs(8);

/// The state that all sessions of a run share.
pub(super) struct Run<'a> {
    pub(super) system: System<'a>,
    pub(super) seal: Seal,
    pub(super) schedule: Schedule,
    /// How long an endpoint may fail before it is disabled, in milliseconds.
    pub(super) patience: i64,
    /// How long a queue is leased at a time, in milliseconds.
    pub(super) lease: i64,
    /// The base URL of the contract, which CloudEvents refer to for their schemas.
    pub(super) contract: String,
    pub(super) began: Instant,
}

impl<'a> Run<'a> {
    /// Reads the settings of a run, which begins now.
    ///
    /// # Errors
    /// Those of the database; `internal-error` for a setting that cannot be read.
    pub(super) async fn load(call: &'a Call) -> kit::Result<Self> {
        let get = async |name: &str, default: &str| match spin_sdk::variables::get(name).await {
            Ok(text) if !text.trim().is_empty() => text,
            _ => default.to_owned(),
        };
        let duration = |text: &str| {
            let duration = humantime::parse_duration(text.trim()).ok()?;
            i64::try_from(duration.as_millis()).ok()
        };
        let schedule = get("webhook_schedule", Schedule::DEFAULT).await;
        let patience = get("webhook_disable_after", "5d").await;
        let lease = get("webhook_lease", "60s").await;
        let wrong = |name: &str| format!("the variable {name} cannot be read as times");
        Ok(Self {
            system: System::open(call, "queues are served whosever they are")?,
            seal: Seal::load(call).await?,
            schedule: Schedule::parse(&schedule).ok_or(wrong("webhook_schedule")).internal()?,
            patience: duration(&patience).ok_or(wrong("webhook_disable_after")).internal()?,
            lease: duration(&lease).ok_or(wrong("webhook_lease")).internal()?,
            contract: cloud_events::base(),
            began: Instant::now(),
        })
    }

    /// Whether new work may be begun.
    pub(super) fn has_time(&self) -> bool {
        self.began.elapsed() < RUN
    }
}
