//! What is sent, when, and in which order; and what came of it.

pub(crate) mod concurrent;
mod fair;
mod format;
mod headers;
mod list_webhook_endpoint_attempts;
mod order;
mod retry;
mod select;
mod targets;
mod virtual_time;
mod waking;
