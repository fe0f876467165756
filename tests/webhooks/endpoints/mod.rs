//! The operations on endpoints.

mod create_webhook_endpoint;
mod delete_webhook_endpoint;
mod disable_webhook_endpoint;
mod enable_webhook_endpoint;
mod get_webhook_endpoint;
mod get_webhook_endpoint_statistics;
mod list_webhook_endpoints;
mod replace_webhook_endpoint;
mod test_webhook_endpoint;
mod update_webhook_endpoint;
