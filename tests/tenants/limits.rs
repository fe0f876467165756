//! Common code for the tests of the operator's limits.

use http::Method;
use serde_json::Value;

use crate::support::{App, Exchange};

/// The operator's credential.
pub use crate::support::server::OPERATOR as TOKEN;

pub fn of(scope: &str, subject: &str, class: &str) -> String {
    format!("/internal/limits/{scope}/{subject}/{class}")
}

/// Sends a request of the operator.
pub async fn send(app: &App, method: &str, path: &str, body: Option<&Value>) -> Exchange {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    app.anon().send(method, path, &headers, body.map(Value::to_string)).await
}
