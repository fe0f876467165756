//! Webhook deliveries may call webhook receivers only. An endpoint may lead to any other operation,
//! with a credential among its headers, and each delivery could then cause the next one. So
//! deliveries of this system have a header that marks them, and other operations refuse them.

use http::request::Parts;
use protocol::{Code, Error};

use crate::router::Route;

/// The header of a delivery: the number of deliveries so far, with this one.
pub(crate) const HEADER: &str = "tenantry-hops";
/// The limit class of webhook receivers.
const RECEIVERS: &str = "inbound";

pub(crate) fn check(parts: &Parts, route: &Route<'_>) -> Result<(), Error> {
    if !parts.headers.contains_key(HEADER) || route.operation.limit.class == RECEIVERS {
        return Ok(());
    }
    Err(Error::new(
        Code::MalformedRequest,
        "Tenantry-Hops marks a webhook delivery, which only webhook receivers accept; correct the \
         URL of the endpoint.",
    ))
}
