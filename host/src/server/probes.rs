//! What the runner answers to operators and their tools: `/healthz` whether the process lives,
//! `/readyz` whether it can answer clients, and `/metrics` its counters.

use super::app::App;
use crate::http::body::response::ResponseBody;
use crate::http::problem;
use gateway::Code;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

const TEXT: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers a request for one of these paths. `app` is `None` while the server starts.
pub(super) async fn answer(
    request: &Parts,
    path: &str,
    app: Option<&App>,
    is_stopping: bool,
) -> Response<ResponseBody> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let mut response = problem::answer(Code::MethodNotAllowed, "Only GET is answered here");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if path == "/healthz" {
        return problem::json(StatusCode::OK, &serde_json::json!({ "status": "ok" }));
    }
    if let (Some(app), "/metrics") = (app, path) {
        return metrics(app, &request.headers);
    }
    let state = match app {
        _ if is_stopping => Err("stopping"),
        None => Err("starting"),
        Some(app) => app.check().await.map_err(|_| "a store does not answer"),
    };
    match state {
        Ok(()) => problem::json(StatusCode::OK, &serde_json::json!({ "status": "ready" })),
        Err(why) => problem::unavailable(&format!("The server is not ready: {why}")),
    }
}

fn metrics(app: &App, headers: &HeaderMap) -> Response<ResponseBody> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !app.metrics.allows(given) {
        let message = "The metrics need the operator's credential, which is set in the variable \
            operator_token.";
        let mut response = problem::answer(Code::AuthenticationRequired, message);
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return response;
    }
    let mut response = Response::new(ResponseBody::full(app.metrics.text()));
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    gateway::security_headers(response.headers_mut());
    response
}
