//! The functions that have work to do at once.

use gateway::DueWork;
use tokio::sync::Notify;

/// Tells the ticker that a function has work.
#[derive(Default)]
pub(crate) struct WorkDue {
    integrations: Notify,
    webhooks: Notify,
}

impl WorkDue {
    /// The notification of a function.
    pub(crate) fn of(&self, due: DueWork) -> &Notify {
        match due {
            DueWork::Integrations => &self.integrations,
            DueWork::Webhooks => &self.webhooks,
        }
    }
}
