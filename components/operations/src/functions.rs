//! The functions with work of their own, and the calls for it.

use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Empty, Limited};
use kit::Call;
use serde::de::DeserializeOwned;

include!(concat!(env!("OUT_DIR"), "/work.rs"));

/// The URL of this application itself. If `allowed_outbound_hosts` has `http://self`, then hosts
/// send requests for `self.alt` to the application.
const OWN: &str = "http://self.alt";
/// The longest answer, in bytes.
const MAX_BODY: usize = 65_536;

/// Why a function did not do its work.
pub(crate) struct Failure {
    /// What happened, for the log.
    pub(crate) cause: String,
    /// Whether the same call may succeed later.
    pub(crate) is_temporary: bool,
}

impl Failure {
    fn temporary(cause: String) -> Self {
        Self { cause, is_temporary: true }
    }
}

/// Calls for the work at this path, with the credential and the parameters of `call` that the
/// operation takes. `None` if this host does not serve the function. Then the hosts that serve it
/// call for its work.
pub(crate) async fn call_work<T: DeserializeOwned>(
    call: &Call,
    path: &str,
    parameters: &[&str],
) -> Result<Option<T>, Failure> {
    let mut url = format!("{OWN}{path}");
    // The values need no encoding: the contract allows words and numbers only.
    let given = parameters.iter().filter_map(|name| Some((name, call.query(name)?)));
    for (at, (name, value)) in given.enumerate() {
        let _ = write!(url, "{}{name}={value}", if at == 0 { '?' } else { '&' });
    }
    let request = http::Request::post(url)
        .header("authorization", call.header("authorization").unwrap_or_default())
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure { cause: error.to_string(), is_temporary: false })?;
    let response = spin_sdk::http::send(request).await;
    let response = response.map_err(|error| Failure::temporary(format!("{error:?}")))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => return Ok(None),
        status => {
            let is_temporary = status == StatusCode::SERVICE_UNAVAILABLE;
            return Err(Failure { cause: format!("answered {status}"), is_temporary });
        }
    }
    let body = Limited::new(response.into_body(), MAX_BODY).collect().await;
    let body = body.map_err(|error| Failure::temporary(error.to_string()))?.to_bytes();
    let done = serde_json::from_slice(&body);
    done.map(Some).map_err(|error| Failure { cause: error.to_string(), is_temporary: false })
}
