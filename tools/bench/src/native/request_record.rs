//! The record of a request, for the headers and the log.

use std::sync::Arc;

use super::caller::Caller;
use super::limits::Standings;

/// The facts about a request that its steps find.
#[derive(Default)]
pub(super) struct RequestRecord {
    pub(super) operation: Option<&'static str>,
    pub(super) caller: Option<Arc<Caller>>,
    pub(super) standings: Standings,
    pub(super) replayed: bool,
}
