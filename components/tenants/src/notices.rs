//! Notices: what a tenant should know of the service. Those of the lifecycle of versions
//! are published to each tenant once, with an event (C-42, K-19).

use kit::Call;

use crate::contract::NOTICES;

/// `GET /notices`
pub(crate) async fn list(call: &Call) -> kit::Result {
    NOTICES.list(call)
}
