//! The functions that have work to do at once.

use gateway::Due;
use tokio::sync::Notify;

/// Tells the ticker that a function has work.
#[derive(Default)]
pub(crate) struct WorkDue {
    integrations: Notify,
    webhooks: Notify,
}

impl WorkDue {
    /// The notification of a function.
    pub(crate) fn of(&self, due: Due) -> &Notify {
        match due {
            Due::Integrations => &self.integrations,
            Due::Webhooks => &self.webhooks,
        }
    }
}
