//! A run of the dispatcher: its connection and its time.

use std::time::{Duration, Instant};

use kit::{Call, Seal, System, cloud_events};

/// How long a run begins new work. Work that has begun may still finish. Even with the longest
/// time-out of an endpoint, the sum stays below the time that a request to the runner may take.
pub(super) const RUN: Duration = Duration::from_secs(8);

/// The state that all sessions of a run share.
pub(super) struct Run<'a> {
    pub(super) system: System<'a>,
    pub(super) seal: Seal,
    /// The base URL of the contract, which CloudEvents refer to for their schemas.
    pub(super) contract: String,
    pub(super) began: Instant,
}

impl<'a> Run<'a> {
    /// Begins a run.
    ///
    /// # Errors
    /// Those of the database and of the seal.
    pub(super) async fn load(call: &'a Call) -> kit::Result<Self> {
        Ok(Self {
            system: System::open(call, "the queues of all tenants are served")?,
            seal: Seal::load(call).await?,
            contract: cloud_events::base(),
            began: Instant::now(),
        })
    }

    /// Whether new work may be begun.
    pub(super) fn has_time(&self) -> bool {
        self.began.elapsed() < RUN
    }
}
