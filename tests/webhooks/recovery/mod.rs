//! Deliveries that are made again.

mod recover_webhook_endpoint;
mod replay_missing_webhook_endpoint;
mod resend_webhook_attempt;
