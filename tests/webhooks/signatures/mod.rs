//! The secrets of endpoints, and the signatures that receivers verify.

mod libraries;
mod rotate_secret_webhook_endpoint;
mod sealing;
mod signature;
